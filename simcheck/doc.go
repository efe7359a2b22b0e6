// Package simcheck proves that the simulated tenant behaves as Microsoft's own
// Go clients expect: azidentity signs in to it, and the Microsoft Graph SDK
// reads people, groups, units and devices from it and finds what the tenant
// says it has. Where a client of Microsoft's cannot read the tenant, the tenant
// is wrong.
//
// It holds tests only, and is a module of its own so that the product does not
// carry the SDK. It imports the SDK's packages for users, groups, devices and
// the directory, not its root package, which would pull in all the rest of
// Microsoft 365 and make the build many times longer; graph_test.go does the
// few lines of set-up that the root package would do.
//
//	go test .                                       # the first build takes minutes
//	PEOPLE=100000 go test -run '^$' -bench . .      # CPU that the SDK needs per person
package simcheck
