package server

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// certificate is the server's own, read anew when its file changes: whoever
// renews it need not restart the program.
type certificate struct {
	file, key string
	now       func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of the file that current was read from
	looked  time.Time
}

// lookEvery bounds how often the file's time is asked for.
const lookEvery = time.Minute

func loadCertificate(file, key string) (*certificate, error) {
	c := &certificate{file: file, key: key, now: time.Now}
	return c, c.load()
}

// load reads the files. A fault leaves what there was.
func (c *certificate) load() error {
	info, err := os.Stat(c.file)
	if err != nil {
		return errs.New(errs.Invalid, "the certificate %s cannot be read", c.file).Because(err)
	}
	pair, err := tls.LoadX509KeyPair(c.file, c.key)
	if err != nil {
		return errs.New(errs.Invalid, "the certificate %s and the key %s do not work", c.file, c.key).Because(err).
			WithHint("Give PEM files: the certificate first and its chain after it, and the private key without a password.")
	}
	c.current, c.changed = &pair, info.ModTime()
	return nil
}

// get returns the certificate for a connection.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		if info, err := os.Stat(c.file); err == nil && !info.ModTime().Equal(c.changed) {
			_ = c.load() // half a renewal: the old one serves until the next look
		}
	}
	return c.current, nil
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}
}
