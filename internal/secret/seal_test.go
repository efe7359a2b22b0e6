package secret_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

func TestProcessesThatStartAtOnceShareOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "key")
	rings := make([]*secret.Keyring, 16)
	var group sync.WaitGroup
	for i := range rings {
		group.Go(func() {
			var err error
			if rings[i], err = secret.KeyFile(path); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	sealed, err := rings[0].Seal([]byte("x"), "s")
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range rings {
		if _, err := k.Open(sealed, "s"); err != nil {
			t.Errorf("keyring %d has another key: %v", i, err)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v; want the key alone", left, err)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if _, err := secret.Rotate(path); err == nil {
		t.Error("a key file that is not there was rotated")
	}
	first, err := secret.KeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := first.Seal([]byte("x"), "s")
	if err != nil {
		t.Fatal(err)
	}
	if !first.Current(old) {
		t.Error("what the only key sealed is not current")
	}
	second, err := secret.Rotate(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := second.Open(old, "s"); err != nil || string(plain) != "x" || second.Current(old) {
		t.Errorf("after the rotation: %q, %v, current %t; want it to open and be told apart", plain, err, second.Current(old))
	}
	fresh, err := second.Seal([]byte("y"), "s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Open(fresh, "s"); !second.Current(fresh) || err == nil {
		t.Errorf("the new key does not seal: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
}

func TestKeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for _, tt := range []struct{ name, text string }{
		{"nothing", ""},
		{"comments only", "# none\n\n"},
		{"not base64", "not a key!"},
		{"too short", base64.StdEncoding.EncodeToString(make([]byte, 31))},
		{"one good, one bad", key + "\nx"},
	} {
		_, err := secret.ParseKeyring(tt.text)
		if errs.KindOf(err) != errs.Invalid || strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want it invalid and the key unsaid", tt.name, err)
		}
	}
	dir := t.TempDir()
	if _, err := secret.KeyFile(dir); err == nil {
		t.Error("a directory was taken for a key file")
	}
}

func TestTheEnvironmentComesBeforeTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	k, err := secret.Load(secret.New("# of production\n"+key+"\n"), path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal([]byte("x"), "s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring(t, 7).Open(sealed, "s"); err != nil {
		t.Errorf("the key of the environment did not seal: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a key file was made all the same")
	}
	if _, err := secret.Load(secret.New("x"), path); err == nil || !strings.Contains(err.Error(), "MUSTER_KEY") {
		t.Errorf("got %v, want it to name the variable", err)
	}
	if k, err = secret.Load(secret.Text{}, path); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(sealed, "s"); err == nil {
		t.Error("the file holds the key of the environment")
	}
}

// No bytes, however made, open or make Open panic.
func FuzzOpen(f *testing.F) {
	k, err := secret.NewKeyring(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		f.Fatal(err)
	}
	good, err := k.Seal([]byte("x"), "s")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add(good[:len(good)-1])
	f.Add(good[:21])
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if plain, err := k.Open(sealed, "s"); err == nil {
			t.Errorf("%x opens as %q", sealed, plain)
		}
		k.Current(sealed)
	})
}
