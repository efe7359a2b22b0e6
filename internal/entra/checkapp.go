package entra

import (
	"cmp"
	"context"
	"crypto/sha1" // registered certificates are named by their SHA-1 thumbprint
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// applicationInfo is what an app registration tells about itself.
// https://learn.microsoft.com/graph/api/resources/application
type applicationInfo struct {
	ID       string       `json:"id"`
	AppID    string       `json:"appId"`
	Name     string       `json:"displayName"`
	Secrets  []credential `json:"passwordCredentials"`
	Keys     []credential `json:"keyCredentials"`
	readable bool
}

// credential is a secret or certificate that is registered.
type credential struct {
	Name       string    `json:"displayName"`
	Hint       string    `json:"hint"`                // a secret's first three characters
	Thumbprint string    `json:"customKeyIdentifier"` // of a certificate; base64 or hexadecimal
	Ends       time.Time `json:"endDateTime"`
}

const applicationFields = "id,appId,displayName,passwordCredentials,keyCredentials"

// application reports on the object ID and on the credential's expiry, which is
// read through it.
func (ck *checker) application(ctx context.Context) {
	id := ck.c.cfg.ApplicationObjectID
	object := Line{ID: "object ID", State: Skip, Text: "No application object ID is given."}
	var err error
	if id != "" {
		object, err = ck.objectID(ctx, id)
	}
	if !ck.app.readable && !errs.Is(err, errs.Forbidden) {
		// The application is found by its client ID as well.
		path := "/applications(appId='" + ck.c.cfg.ClientID + "')"
		if ck.get(ctx, "read the application", path, &ck.app, param{"$select", applicationFields}) == nil {
			ck.app.readable = true
			if object.State == Fail {
				object.Remedy += " It is " + ck.app.ID + "."
			}
		}
	}
	ck.report.add(ck.credential())
	ck.report.add(object)
}

// objectID finds out what an object ID belongs to.
//
//	/applications/{id}   /servicePrincipals/{id}   outcome
//	200, our client ID   -                         right
//	200, another one     -                         another application's
//	404                  200                       swapped: the enterprise application's
//	404                  404                       unknown
//	403                  -                         cannot be seen
func (ck *checker) objectID(ctx context.Context, id string) (Line, error) {
	const remedy = "Copy Object ID from the overview of the application under App registrations."
	line := Line{ID: "object ID", State: Fail, Remedy: remedy}
	var app applicationInfo
	err := ck.get(ctx, "read the application", "/applications/"+id, &app, param{"$select", applicationFields})
	switch {
	case err == nil && strings.EqualFold(app.AppID, ck.c.cfg.ClientID):
		ck.app = app
		ck.app.readable = true
		return Line{ID: "object ID", State: Pass, Text: "The application object ID belongs to the client ID: " + app.Name + "."}, nil
	case err == nil:
		line.Text = "The application object ID belongs to another application: " + app.Name + "."
		return line, nil
	case errs.Is(err, errs.Forbidden):
		return Line{ID: "object ID", State: Warn, Text: "The application object ID cannot be checked, for want of the permission Application.Read.All.",
			Remedy: "Under API permissions add the application permission Application.Read.All and grant admin consent.", Detail: detail(err)}, err
	case !errs.Is(err, errs.NotFound):
		return failedLine("object ID", "The application object ID could not be checked.", err), err
	}
	var principal applicationInfo
	line.Detail = detail(err)
	if ck.get(ctx, "read the service principal", "/servicePrincipals/"+id, &principal, param{"$select", "id,appId,displayName"}) == nil {
		line.Text = "The application object ID is that of the enterprise application, not of the app registration. The two were swapped."
		return line, nil
	}
	line.Text = "The directory does not know the application object ID."
	return line, nil
}

// credential reports on the secret or certificate: it was accepted, so what is
// left is until when.
func (ck *checker) credential() Line {
	what := "client secret"
	if !ck.c.cfg.Certificate.IsZero() {
		what = "certificate"
	}
	line := Line{ID: "credential", State: Pass, Text: "The " + what + " is right."}
	ends, ok := ck.ends()
	if !ok {
		line.Text += " When it expires cannot be seen."
		if ck.app.readable {
			line.State = Warn
			line.Text = "The " + what + " is right, but not among those that the application lists, so its expiry is unknown."
		}
		return line
	}
	ck.report.CredentialEnds = ends
	left := ends.Sub(ck.c.cfg.Now())
	days := int(left.Hours() / 24)
	line.Text = fmt.Sprintf("The %s is right and expires on %s, in %d days.", what, ends.UTC().Format("2 January 2006"), days)
	switch {
	case left <= 0:
		line.State, line.Text = Fail, fmt.Sprintf("The %s expired on %s.", what, ends.UTC().Format("2 January 2006"))
	case left < expiresSoon:
		line.State = Warn
	}
	if line.State != Pass {
		line.Remedy = "Create a new one under Certificates & secrets and enter it here, before the old one ends."
	}
	return line
}

// ends returns when the credential in use expires. Several secrets can begin
// with the same three characters; then the earliest that has not ended counts.
func (ck *checker) ends() (time.Time, bool) {
	var fit []credential
	if cert := ck.c.cfg.Certificate; !cert.IsZero() {
		x, _, err := readCertificate(cert)
		if err != nil {
			return time.Time{}, false
		}
		print := sha1.Sum(x.Raw)
		for _, k := range ck.app.Keys {
			if sameThumbprint(k.Thumbprint, print[:]) {
				fit = append(fit, k)
			}
		}
		if len(fit) == 0 {
			return x.NotAfter, true
		}
	} else {
		secret := ck.c.cfg.ClientSecret.Reveal()
		for _, s := range ck.app.Secrets {
			if s.Hint != "" && strings.HasPrefix(secret, s.Hint) {
				fit = append(fit, s)
			}
		}
	}
	if len(fit) == 0 {
		return time.Time{}, false
	}
	now := ck.c.cfg.Now()
	return slices.MinFunc(fit, func(a, b credential) int {
		if over := cmp.Compare(ended(a, now), ended(b, now)); over != 0 {
			return over
		}
		return a.Ends.Compare(b.Ends)
	}).Ends, true
}

func ended(c credential, now time.Time) int {
	if c.Ends.After(now) {
		return 0
	}
	return 1
}

// sameThumbprint compares a registered thumbprint: Graph writes base64 of the
// digest, or base64 of its hexadecimal spelling, or that spelling itself.
func sameThumbprint(registered string, print []byte) bool {
	spelled := hex.EncodeToString(print)
	if strings.EqualFold(registered, spelled) {
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(registered)
	return err == nil && (string(raw) == string(print) || strings.EqualFold(string(raw), spelled))
}
