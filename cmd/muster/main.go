// Command muster is an asset register that keeps its people and logins in step
// with Microsoft Entra ID.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // time zones of schedules and mappings, wherever this runs

	"github.com/musterhq/muster/internal/cli"
)

// garbage lets the heap grow to three times what is in use, which is some ten
// megabytes whatever the size of the directory. GOGC overrides it.
const garbage = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(code)
}
