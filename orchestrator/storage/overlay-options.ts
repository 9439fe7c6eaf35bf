/**
 * overlayfs' mount options, each chosen and not left to how a kernel was configured: every default of index, redirect_dir
 * and metacopy is a build option (fs/overlayfs/Kconfig). Meanings: Documentation/filesystems/overlayfs.rst.
 */

export interface OverlaySituation {
	/** Nothing written needs to survive a power cut; in memory nothing could. */
	volatile: boolean;
	privileged: boolean;
}

/** What belongs to the machine's own root: overlayfs' marks are trusted.* attributes there. */
const PRIVILEGED = [
	// rename(2) of a directory that a lower branch has. Without, it gives EXDEV, which mv copes with and many programs
	// don't (npm, dpkg). Redirects only lead to names within the same stack ("Renaming directories").
	'redirect_dir=on',
	// Two names of a file in a lower branch stay one file when it is copied up, as POSIX has it and aufs does
	// ("Index", 40 µs a mount). It also refuses an upper branch that another mount uses.
	'index=on',
	// A chmod copies the file whole: else the writable branch isn't complete, and can't be sealed into a layer that
	// means anything without those below it. The same page calls metacopy unsafe with layers of foreign origin.
	'metacopy=off',
];

/**
 * Inside a user namespace: the marks are user.overlay.* (Linux 5.11). redirect_dir and metacopy conflict with it, so
 * renaming a directory of a lower branch is EXDEV there. The index needs to open files by handle, which takes privilege;
 * asked for in vain, it writes a warning to the kernel's log at each mount.
 */
const UNPRIVILEGED = ['userxattr', 'index=off'];

/** The options, without lowerdir, upperdir and workdir. */
export const overlayOptions = ({volatile, privileged}: OverlaySituation): string[] => [
	...(privileged ? PRIVILEGED : UNPRIVILEGED),
	// Unmounting otherwise waits for the disk (35 ms on ext4); a branch that is thrown away needs none of that. A kept one
	// does, and a volatile upper can't be mounted again without removing its mark ("Volatile mount").
	...(volatile ? ['volatile'] : []),
];
