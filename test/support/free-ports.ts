// For tests, which look for what they share here.

export { freePorts } from '../../bench/shared/free-ports.js';
