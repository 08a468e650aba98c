import type { Rig } from '../rig.js';

/** Breaks something, and puts it right after `lastsMs`. */
export type Fault = (rig: Rig, lastsMs: number) => Promise<void>;
