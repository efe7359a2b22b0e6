package secret_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

func ring(t *testing.T, seeds ...byte) *secret.Keyring {
	t.Helper()
	var raw [][]byte
	for _, s := range seeds {
		raw = append(raw, bytes.Repeat([]byte{s}, 32))
	}
	k, err := secret.NewKeyring(raw...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedSecretOpensForItsSubjectOnly(t *testing.T) {
	t.Parallel()
	k := ring(t, 1)
	sealed, err := k.Seal([]byte("pa+ss/w=rd"), "connection/1")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := k.Open(sealed, "connection/1")
	if err != nil || string(plain) != "pa+ss/w=rd" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := k.Open(sealed, "connection/2"); errs.KindOf(err) != errs.Invalid {
		t.Errorf("opened under another subject: %v", err)
	}
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 1
		if _, err := k.Open(damaged, "connection/1"); err == nil {
			t.Errorf("opened with byte %d damaged", i)
		}
	}
	if bytes.Contains(sealed, []byte("pa+ss")) {
		t.Error("the sealed form contains the secret")
	}
}

func TestOlderKeysStillOpen(t *testing.T) {
	t.Parallel()
	old, err := ring(t, 1).Seal([]byte("x"), "s")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ring(t, 2, 1).Open(old, "s"); err != nil || string(plain) != "x" {
		t.Errorf("Open with the older key = %q, %v", plain, err)
	}
	_, err = ring(t, 2).Open(old, "s")
	if err == nil || errs.HintOf(err) == "" {
		t.Errorf("Open without the key: got %v, want an error with a next step", err)
	}
}

func TestKeyFileIsMadeOnceAndKeptPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "key")
	first, err := secret.KeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := first.Seal([]byte("x"), "s")
	if err != nil {
		t.Fatal(err)
	}
	again, err := secret.KeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(sealed, "s"); err != nil {
		t.Errorf("the key file does not open what it sealed: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.KeyFile(path); err == nil || !strings.Contains(errs.HintOf(err), "chmod 600") {
		t.Errorf("a key file that others may read: got %v, want it refused with the way out", err)
	}
}
