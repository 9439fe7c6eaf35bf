/** Names of containers that nobody named. */

import {customAlphabet} from 'nanoid/non-secure';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 12;

// The secure generator loads node:crypto, 4 ms of a 25 ms start; an id is no secret, and is claimed by an exclusive
// create, so that all it needs is to be unlikely twice (56 bits of Math.random, seeded for each process by the system).
const letter = customAlphabet(LETTERS, 1);
const rest = customAlphabet(`${LETTERS}0123456789`, ID_LENGTH - 1);

/** A fresh id: 12 lower-case letters and digits, a letter first, so that it is a host name and never a number. */
export const newId = (): string => letter() + rest();

/** Whether `text` has the shape of an id. */
export const isId = (text: string): boolean => /^[a-z][a-z\d]{11}$/.test(text);
