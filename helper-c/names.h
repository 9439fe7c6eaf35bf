/*
 * names.h: the registry of names, which the orchestrator keeps: DIRECTORY/NETWORK/NAME/ADDRESS, the last a symbolic link whose
 * text is the container's id. It is read at each question, so that who joins and leaves is seen at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_MOST = 64 }; /* addresses of one name; an answer of 512 bytes holds 30 */

struct addresses {
	uint32_t count;
	struct {
		uint8_t size; /* 4 or 16 */
		uint8_t bytes[16];
	} list[NAMES_MOST];
};

/* Those of NAME, which is small letters, digits, - _ and dots: as it is, or NAME.NETWORK. None: nobody has that name. */
void names_find(const char *directory, const char *name, struct addresses *addresses);

/* Who has the address: NAME.NETWORK, a name that isn't just the container's id where there is one. */
bool names_reverse(const char *directory, const uint8_t *address, size_t size, char *name, size_t room);
