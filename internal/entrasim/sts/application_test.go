package sts

import (
	"testing"
	"time"
)

func TestSecretsTellWhatIsWrong(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	a := &Application{}
	a.init("first", nil, nil, now)
	check := func(step, value string, want int) {
		t.Helper()
		if got := a.checkSecret(value, now); got != want {
			t.Errorf("%s: AADSTS%d, want %d", step, got, want)
		}
	}
	check("right", "first", 0)
	check("wrong", "other", 7000215)
	a.SetSecret("second", now, now.Add(time.Hour))
	check("rotated away", "first", 7000215)
	check("rotated to", "second", 0)
	if h := a.Secrets()[0].Hint(); h != "sec" {
		t.Errorf("hint %q, want sec", h)
	}
	a.EndSecrets(now)
	check("expired", "second", 7000222)
	check("wrong while all are expired", "other", 7000222)
}

func TestTokensVerifyWithTheirKeysOnly(t *testing.T) {
	t.Parallel()
	var k Keyring
	token := k.sign(AccessClaims{OID: "x"})
	if c, err := k.Check(token); err != nil || c.OID != "x" {
		t.Fatalf("%+v %v", c, err)
	}
	for _, bad := range []string{"", "a.b.c", token + "A", token[:len(token)-8] + "AAAAAAAA"} {
		if _, err := k.Check(bad); err == nil {
			t.Errorf("%.20q... was accepted", bad)
		}
	}
	k.Rotate(true)
	if _, err := k.Check(token); err == nil {
		t.Error("a token of a dropped key was accepted")
	}
}
