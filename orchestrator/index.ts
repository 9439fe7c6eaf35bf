/**
 * Cloche as a library.
 *
 * @example
 * import {cloche} from 'cloche';
 *
 * const {stdout} = await cloche.run('busybox', ['echo', 'hello']);
 */

export {Cloche, cloche, type CreateOptions, openCloche, type OpenOptions} from './api/cloche.js';
export {Container, type StopOptions} from './api/container.js';
export {ContainerProcess} from './api/container-process.js';
export type {ExecOptions} from './api/exec.js';
export type {ConnectOptions} from './api/connect.js';
export type {DegradeOptions, Faults, Named} from './api/faults.js';
export type {Lab} from './api/lab.js';
export type {LogLine, LogOptions} from './api/logs.js';
export type {ImageSource, LibraryOptions, Output, StreamOptions} from './api/options.js';
export type {Network, NetworkOptions} from './api/network.js';
export {CommandError, type Result, type Usage} from './api/result.js';
export {Sandbox, type StartOptions} from './api/sandbox.js';
export type {DetachOptions} from './api/start-container.js';
export {ClocheError} from './base/errors.js';
export type {LabContainer, LabDefinition, LabNetwork, LabPlace} from './container/lab/definition.js';
export type {Duration, Many, MountOption, NetworkOption, RunOptions} from './container/options/run-options.js';
export type {ContainerView} from './container/view.js';
export type {Port} from './helper/plan.js';
export type {NetworkView} from './network/view.js';
export type {FaultView} from './network/faults/words.js';
