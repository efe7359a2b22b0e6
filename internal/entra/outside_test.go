package entra_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// A custom host that leads to this machine is not asked, by its address or by a
// name, by nobody of the three that ask: nothing arrives there.
func TestCustomHostsThatLeadInsideAreNotAsked(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"127.0.0.1", "localhost"} {
		arrived := 0
		var cfg entra.Config
		h := newHost(t, func(c *entra.Config) {
			c.Outside = true
			c.LoginURL, c.GraphURL = strings.Replace(c.LoginURL, "127.0.0.1", name, 1), strings.Replace(c.GraphURL, "127.0.0.1", name, 1)
			cfg = *c
		})
		h.handle = func(http.ResponseWriter, *http.Request) { arrived++ }
		h.signIn = h.handle
		if _, err := h.client.SearchUnits(t.Context(), "A", 1); !errs.Is(err, errs.Forbidden) || !strings.Contains(errs.HintOf(err), "Organization Admin") {
			t.Errorf("%s: asking the directory: %v (%s)", name, err, errs.HintOf(err))
		}
		if rep := h.client.Check(t.Context(), entra.Needs{}, nil); rep.Lines[0].State != entra.Fail || !strings.Contains(rep.Lines[0].Text, "private network") {
			t.Errorf("%s: a check says %+v", name, rep.Lines[0])
		}
		cfg.ClientSecret = secret.New("s")
		door, err := entra.NewDoor(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer door.Close()
		if to, err := door.Address(t.Context(), knock); err == nil {
			t.Errorf("%s: signing in leads to %s", name, to)
		}
		if used := h.client.Usage(); used.Retries != 0 || arrived != 0 {
			t.Errorf("%s: %d requests arrived, %d were tried again", name, arrived, used.Retries)
		}
	}
}
