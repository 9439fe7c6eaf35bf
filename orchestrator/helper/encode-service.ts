/** What a supervisor is told that keeps a container by itself, and what its clients ask of it, as bytes. Pure: no I/O. */

import {encodeCreateAndStart} from './encode.js';
import type {Service} from './plan.js';
import {Kind, Restart, Tag} from './protocol.js';
import {writer, written} from './written.js';

const writeRestart = ({when, most, backoff, backoffMost, steady}: NonNullable<Service['restart']>): void => {
	writer.u32(Tag.RESTART, when === 'always' ? Restart.ALWAYS : Restart.ON_FAILURE);
	writer.u32(Tag.RESTART_MOST, most);
	writer.u32(Tag.BACKOFF, backoff);
	writer.u32(Tag.BACKOFF_MOST, backoffMost);
	writer.u32(Tag.STEADY, steady);
};

const writeHealth = ({file, interval, timeout, retries, startPeriod}: NonNullable<Service['health']>, check: Buffer): void => {
	writer.string(Tag.HEALTH_FILE, file);
	writer.bytes(Tag.CHECK, check);
	writer.u32(Tag.CHECK_INTERVAL, interval);
	writer.u32(Tag.CHECK_TIMEOUT, timeout);
	writer.u32(Tag.CHECK_RETRIES, retries);
	writer.u32(Tag.CHECK_START, startPeriod);
};

/** JSON members as they stand between the braces, to be appended to others. */
const jsonMembers = (members: Readonly<Record<string, unknown>>): string => JSON.stringify(members).slice(1, -1);

/** SERVE: goes out before the CREATE of that channel. Throws a ClocheError that names what can't be sent. */
export const encodeServe = (channel: number, service: Service): Buffer => {
	const {log, events, restart, health} = service;
	// The supervisor fills in both channels; 0 is none's.
	const check = health === undefined ? undefined : encodeCreateAndStart(0, health.plan, {target: 0});
	return written(() => {
		writer.begin(Kind.SERVE, channel);
		writer.where = 'service';
		writer.string(Tag.SOCKET, service.socket);
		writer.string(Tag.LOG, log?.directory);
		writer.u64(Tag.LOG_SIZE, log === undefined ? undefined : BigInt(log.maxSize));
		writer.u32(Tag.LOG_FILES, log?.maxFiles);
		writer.string(Tag.EXIT_FILE, service.exitFile);
		writer.string(Tag.INIT_LINK, service.initLink);
		writer.string(Tag.BOOT, service.boot);
		writer.string(Tag.EVENTS, events?.file);
		writer.string(Tag.EVENT_FIELDS, events === undefined ? undefined : jsonMembers(events.members));
		if (restart !== undefined) {
			writeRestart(restart);
		}

		writer.u32(Tag.SIGNAL, service.stopSignal);
		writer.u32(Tag.TIMEOUT, service.stopTimeout);
		writer.u32(Tag.LIFETIME, service.lifetime);
		if (health !== undefined && check !== undefined) {
			writeHealth(health, check);
		}

		writer.end();
	});
};

const plain = (kind: Kind, channel: number): Buffer => written(() => {
	writer.begin(kind, channel);
	writer.end();
});

/** DETACH: from here on the end of the control socket ends nothing. */
export const encodeDetach = (): Buffer => plain(Kind.DETACH, 0);

/**
 * STOP: end the container for good.
 *
 * @param ask the signal's number, and the milliseconds until SIGKILL; without it, SIGKILL at once
 */
export const encodeStop = (channel: number, ask?: {signal: number; timeout: number}): Buffer => written(() => {
	writer.begin(Kind.STOP, channel);
	writer.where = 'stop';
	writer.u32(Tag.SIGNAL, ask?.signal);
	writer.u32(Tag.TIMEOUT, ask?.timeout);
	writer.end();
});

/** ATTACH: OUTPUT from here on. */
export const encodeAttach = (channel: number): Buffer => plain(Kind.ATTACH, channel);

/** INPUT: bytes for the container's stdin; without, its end. */
export const encodeInput = (channel: number, data?: Uint8Array): Buffer => written(() => {
	writer.begin(Kind.INPUT, channel);
	writer.where = 'input';
	if (data !== undefined) {
		writer.bytes(Tag.DATA, data);
	}

	writer.end();
});

/** STATUS: asks for REPORT. */
export const encodeStatus = (channel: number): Buffer => plain(Kind.STATUS, channel);
