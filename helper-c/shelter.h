/* shelter.h: what we run from is out of the containers' reach. */
#pragma once

/* Before anything else: run ourselves anew from a copy that nobody can change. Returns in there, and where none is needed or to be had. */
void shelter(char **argv, char **envp);
