// `omnipaxos-rocksdb/testing`: fakes for the tests of those who build on consensus, and the simulation of it.

export type { Troubles } from './fault-script.js';
export { MemNetwork } from './mem-network.js';
export { PartitionController } from './partition-controller.js';
export { Simulation } from './simulation.js';
export { SimulationFailure, type SimulationOptions, type SimulationReport } from './simulation-options.js';
