// `omnipaxos-rocksdb/testing`: fakes for the tests of those who build on consensus, the simulation of it, and the contract of
// storages as tests.

export type { Troubles } from './fault-script.js';
export { MemNetwork } from './mem-network.js';
export { MemTransport } from './mem-transport.js';
export { PartitionController } from './partition-controller.js';
export { Simulation } from './simulation.js';
export { SimulationFailure, type SimulationOptions, type SimulationReport } from './simulation-options.js';
export type { SuiteTools } from './storage-suite/contract.js';
export { type OpenStorage, type SuiteOptions, storageSuite } from './storage-suite/storage-suite.js';
