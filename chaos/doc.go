// Package chaos breaks things: servers are killed, the database is stopped, lines
// are cut, while people hand things out and the directory is synced. Afterwards
// everything that was answered has to be true, once.
//
// A short form runs with the tests. The long one is
//
//	make chaos FOR=10m SEED=7
//
// Everything is in test files.
package chaos
