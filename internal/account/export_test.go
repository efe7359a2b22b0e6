package account

import "time"

// CodeAt is the code of an app so many steps from a moment.
func CodeAt(secret []byte, t time.Time, steps int64) string {
	return totpCode(secret, totpAt(t)+steps)
}
