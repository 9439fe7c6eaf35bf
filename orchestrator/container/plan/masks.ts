/**
 * What /proc and /sys must not show or let change. These files tell of the whole machine and are not kept apart by any
 * namespace. The lists are Docker's (moby profiles and daemon/pkg/oci/defaults.go); a path that this kernel hasn't got is
 * passed over by the helper, at the cost of one failed look-up.
 */

import type {CreateOp} from '../../helper/plan.js';

const MASKED: ReadonlyArray<readonly [path: string, why: string]> = [
	['/proc/acpi', 'power of the machine'],
	['/proc/asound', 'sound devices'],
	['/proc/interrupts', 'timing of the machine\'s interrupts, which gives away keystrokes'],
	['/proc/kcore', 'the machine\'s memory'],
	['/proc/keys', 'keys of the machine\'s keyrings'],
	['/proc/latency_stats', 'kernel timings'],
	['/proc/sched_debug', 'processes of the whole machine'],
	['/proc/scsi', 'disks, which could be removed there'],
	['/proc/timer_list', 'timers of the whole machine'],
	['/proc/timer_stats', 'timers of the whole machine'],
	['/sys/devices/virtual/powercap', 'power use, from which secrets can be read'],
	['/sys/firmware', 'tables of the firmware'],
];

/** One mount for /proc/sys covers what is below it. */
const READ_ONLY: ReadonlyArray<readonly [path: string, why: string]> = [
	['/proc/bus', 'devices of the machine'],
	['/proc/fs', 'settings of file systems'],
	['/proc/irq', 'interrupts'],
	['/proc/sys', 'the kernel\'s settings'],
	['/proc/sysrq-trigger', 'a write can reboot the machine'],
];

export const planMasks = (): CreateOp[] => [
	...MASKED.map(([target, why]): CreateOp => ({op: 'mask', target, ifExists: true, noSymlinks: true, why})),
	...READ_ONLY.map(([target, why]): CreateOp => ({op: 'protect', target, attributes: ['rdonly', 'nosuid', 'nodev', 'noexec'], ifExists: true, noSymlinks: true, why})),
];
