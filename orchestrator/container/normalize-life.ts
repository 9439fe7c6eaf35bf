/** The options about a container's life after its start: who keeps it, its log, its health, its labels. */

import {flattenRecord} from './options/flatten.js';
import {DEFAULT_LOG_SIZE, parseInterval, parseLabel, parseLogOption, parseRestart, parseRetries, readLabelFile} from './options/life.js';
import type {OptionReader} from './options/reader.js';
import type {Duration, RunOptions} from './options/run-options.js';
import type {ContainerSpec, HealthCheck, LogOptions, RestartPolicy} from './spec.js';
import {parseMilliseconds} from './options/duration.js';
import {outsidePath} from './options/unacceptable.js';

/** As docker run has them; milliseconds. */
const DEFAULT_HEALTH = {interval: 30_000, timeout: 30_000, retries: 3, startPeriod: 0} as const;

type Life = Pick<ContainerSpec, 'detach' | 'interactive' | 'restart' | 'health' | 'log' | 'labels'>;

/** A number of milliseconds, or text as the command line has it. */
export const durationText = (value: Duration | undefined): string | undefined => typeof value === 'number' ? `${value}ms` : value;

/** Only its supervisor can see to it, and a container in the foreground has none of its own. */
const requireDetach = (read: OptionReader, {detach}: RunOptions, option: keyof RunOptions): void => {
	if (detach !== true) {
		throw read.conflict(option, 'it takes a container that outlives whoever starts it', `add ${read.label('detach')} (in the library: cloche.start)`);
	}
};

const readRestart = (read: OptionReader, options: RunOptions): RestartPolicy | undefined => {
	const restart = read.one('restart', options.restart, parseRestart);
	if (restart !== undefined) {
		requireDetach(read, options, 'restart');
		if (options.rm === true) {
			throw read.conflict('restart', 'one that is removed at its end can\'t be started again', `leave out ${read.label('rm')}`);
		}
	}

	return restart;
};

const HEALTH_OPTIONS = ['healthCmd', 'healthInterval', 'healthTimeout', 'healthRetries', 'healthStartPeriod'] as const;

const readHealth = (read: OptionReader, options: RunOptions): HealthCheck | undefined => {
	const {healthCmd, healthInterval, healthTimeout, healthRetries, healthStartPeriod} = options;
	const given = HEALTH_OPTIONS.find(option => options[option] !== undefined);
	if (given === undefined) {
		return undefined;
	}

	if (options.noHealthcheck === true) {
		throw read.conflict('noHealthcheck', `${read.label(given)} asks for a check`, 'leave out one of them');
	}

	if (healthCmd === undefined || healthCmd === '') {
		throw read.conflict(given, 'there is no check', `say by ${read.label('healthCmd')} what it is`);
	}

	requireDetach(read, options, 'healthCmd');
	const words = read.many('healthCmd', healthCmd, word => word);
	return {
		command: typeof healthCmd === 'string' ? ['/bin/sh', '-c', healthCmd] : words,
		interval: read.one('healthInterval', durationText(healthInterval), parseInterval) ?? DEFAULT_HEALTH.interval,
		timeout: read.one('healthTimeout', durationText(healthTimeout), parseInterval) ?? DEFAULT_HEALTH.timeout,
		retries: read.one('healthRetries', healthRetries, parseRetries) ?? DEFAULT_HEALTH.retries,
		startPeriod: read.one('healthStartPeriod', durationText(healthStartPeriod), parseMilliseconds) ?? DEFAULT_HEALTH.startPeriod,
	};
};

const readLog = (read: OptionReader, options: RunOptions): LogOptions | undefined => {
	if (options.logOpt === undefined) {
		return undefined;
	}

	requireDetach(read, options, 'logOpt');
	return Object.assign({maxSize: DEFAULT_LOG_SIZE}, ...read.many('logOpt', flattenRecord(options.logOpt), parseLogOption)) as LogOptions;
};

/** @throws ClocheError where an option is refused, or makes sense only for a detached container, and this is none */
export const readLife = (read: OptionReader, options: RunOptions, cwd: string): Life => {
	const restart = readRestart(read, options);
	const health = readHealth(read, options);
	const log = readLog(read, options);
	read.flag('noHealthcheck', options.noHealthcheck);
	return {
		detach: read.flag('detach', options.detach),
		interactive: read.flag('interactive', options.interactive),
		...(restart === undefined ? {} : {restart}),
		...(health === undefined ? {} : {health}),
		...(log === undefined ? {} : {log}),
		labels: Object.fromEntries([
			...read.many('labelFile', options.labelFile, path => readLabelFile(outsidePath(path, cwd))).flat(),
			...read.many('label', flattenRecord(options.label), parseLabel),
		]),
	};
};
