// Package e2e looks at the program from outside: the real binary, in a real
// browser, with the simulated tenant of the demo behind it.
//
// The tests need Chromium, which make tools installs. Without it they are
// skipped, and fail where the environment variable CI is set.
//
// Screenshots of pages, for looking at them while working on one:
//
//	make shots PAGES="/ /m/1/leavers"
//
// starts the demo, signs in, and saves each page in light and dark, wide and on
// a phone, to /tmp/shots. To see pages of a server that runs already:
//
//	make shots PAGES="/" AT=http://127.0.0.1:8080 LOGIN=admin@example.com:password
package e2e
