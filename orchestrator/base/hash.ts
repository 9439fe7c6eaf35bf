/** A short word that stands for a long one, where a collision does no harm. */

/** FNV-1a, 32 bits, as 8 hexadecimal digits. */
export const hash = (text: string): string => {
	let sum = 0x81_1C_9D_C5;
	for (const byte of Buffer.from(text)) {
		sum = Math.imul(sum ^ byte, 0x01_00_01_93) >>> 0;
	}

	return sum.toString(16).padStart(8, '0');
};
