package account

import (
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, for SHA-1; six digits are the last of its eight.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totpCode(secret, totpAt(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestACodeIsGoodOnceAndAroundItsTime(t *testing.T) {
	t.Parallel()
	secret, now := []byte("12345678901234567890"), time.Unix(1111111109, 0)
	at := totpAt(now)
	for _, tt := range []struct {
		name string
		step int64
		last int64
		ok   bool
	}{
		{"now", at, 0, true},
		{"a clock behind", at - 1, 0, true},
		{"a clock ahead", at + 1, 0, true},
		{"too old", at - 2, 0, false},
		{"too early", at + 2, 0, false},
		{"used already", at, at, false},
		{"older than the one used", at - 1, at, false},
		{"newer than the one used", at + 1, at, true},
	} {
		step, ok := totpMatch(secret, totpCode(secret, tt.step), now, tt.last)
		if ok != tt.ok || ok && step != tt.step {
			t.Errorf("%s: step %d, %v; want %v", tt.name, step, ok, tt.ok)
		}
	}
	for _, code := range []string{"", "0", "0000000", "abcdef", "٠٨١٨٠٤"} {
		if _, ok := totpMatch(secret, code, now, 0); ok {
			t.Errorf("%q is taken", code)
		}
	}
}

func TestTheAddressForAppsCarriesEverything(t *testing.T) {
	t.Parallel()
	got := totpAddress("Muster (A & B)", "ann+x@example.com", []byte("12345678901234567890"))
	const want = "otpauth://totp/Muster%20%28A%20&%20B%29:ann+x@example.com?digits=6&issuer=Muster%20%28A%20%26%20B%29&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
