// `omnipaxos-rocksdb/testing`: fakes for the tests of those who build on consensus.

export { MemNetwork } from './mem-network.js';
export { PartitionController } from './partition-controller.js';
