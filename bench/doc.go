// Package bench measures whole syncs and holds each against a floor: the least
// work that brings the same result, measured in the same run on the same
// machine. A ratio travels between machines where milliseconds do not.
//
// Everything is in test files and runs by `make bench` only; an ordinary
// `go test` finds nothing here to run. What must not be counted runs in other
// processes: the simulated tenant is a child of the test binary, and of
// PostgreSQL's server the CPU is read from the kernel and added.
//
//	make bench                          20,000 people, a few minutes
//	make bench PEOPLE=100000            the size the bars are meant for
//	make bench LARGE=1000000            adds the comparison of sizes
//	make bench ARGS=-profiles=/tmp/p    keeps CPU profiles of each measurement
//
// The table at the end says for each measurement what the bar was; the same
// goes into results/ as JSON.
package bench
