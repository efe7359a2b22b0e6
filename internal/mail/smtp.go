package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/musterhq/muster/internal/errs"
)

// patienceWithServer is how long one step of the conversation may take.
const patienceWithServer = 30 * time.Second

// send takes a letter to a server. An error of kind Unavailable may pass by
// itself; with any other the server will not take the letter.
func send(ctx context.Context, s Server, l Letter) error {
	m, err := message(s, l)
	if err != nil {
		return err
	}
	c, err := client(s)
	if err != nil {
		return err
	}
	if err := c.DialAndSendWithContext(ctx, m); err != nil {
		return explain(s, err)
	}
	return nil
}

// client returns go-mail's client for a server.
func client(s Server) (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(patienceWithServer)}
	switch s.Security {
	case TLS:
		options = append(options, gomail.WithSSL())
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	conf := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		roots, err := pool(s.CA)
		if err != nil {
			return nil, err
		}
		conf.RootCAs = roots
	}
	options = append(options, gomail.WithTLSConfig(conf))
	if s.Username != "" {
		how := gomail.SMTPAuthAutoDiscover
		if s.Security == Plain { // a server on this machine; see check
			how = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(how), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password.Reveal()))
	}
	return gomail.NewClient(s.Host, options...)
}

// pool returns the certificates of a PEM text.
func pool(pem string) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(pem)) {
		return nil, errs.New(errs.Invalid, "there is no certificate in the certificate's text").WithHint("It begins with -----BEGIN CERTIFICATE-----.")
	}
	return roots, nil
}

// message writes a letter as plain text and as HTML. Its Message-ID is the same
// each time.
func message(s Server, l Letter) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.FromFormat(s.SenderName, s.Sender); err != nil {
		return nil, errs.New(errs.Invalid, "%q is no email address", s.Sender).Because(err)
	}
	if err := m.To(l.To); err != nil {
		return nil, errs.New(errs.Invalid, "%q is no email address", l.To).Because(err)
	}
	m.Subject(l.Subject)
	m.SetDateWithValue(l.CreatedAt)
	_, domain, _ := strings.Cut(s.Sender, "@")
	m.SetMessageIDWithValue(fmt.Sprintf("muster.%d.%d@%s", l.ID, l.CreatedAt.UnixMicro(), domain))
	m.SetUserAgent("Muster")
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: absence notices stay away
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, asHTML(l.Subject, l.Text))
	return m, nil
}

// explain tells what a failed attempt means: errors.Unavailable when trying again
// may help.
func explain(s Server, err error) error {
	var reply *gomail.SendError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var network *net.OpError
	switch {
	case errors.As(err, &reply) && !reply.IsTemp() && reply.ErrorCode() >= 500:
		return errs.New(errs.Invalid, "the mail server refuses the letter").Because(err)
	case errors.As(err, &unknown), errors.As(err, &hostname):
		return errs.New(errs.Unavailable, "the certificate of %s is not one that Muster trusts", s.Address()).Because(err).
			WithHint("Give the certificate of its authority, or the name that its certificate is for.")
	case strings.Contains(err.Error(), "535") || strings.Contains(strings.ToLower(err.Error()), "auth"):
		return errs.New(errs.Unavailable, "the mail server does not let %s in", s.Username).Because(err).
			WithHint("Check the user name and the password. Some providers ask for a password made for programs.")
	case errors.As(err, &network):
		return errs.New(errs.Unavailable, "%s does not answer", s.Address()).Because(err).
			WithHint("Check the name, the port and the firewall.")
	}
	return errs.New(errs.Unavailable, "%s did not take the letter", s.Address()).Because(err)
}
