package mail_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/musterhq/muster/internal/entrasim/authority"
	muster "github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store/storetest"
)

// postOffice is a real SMTP server.
type postOffice struct {
	t      *testing.T
	server *smtp.Server
	line   *storetest.Line // to it
	ca     string

	mu       sync.Mutex
	password string
	refuse   error    // what it answers to each letter; nil takes them
	letters  []letter // that it took
}

// letter is a letter as it arrived.
type letter struct {
	to, id, subject, plain, html string
}

// openPost starts a server with TLS from the first byte or on request. Where it
// is reached stays the same, and nobody else's, while its line is cut.
func openPost(t *testing.T, implicit bool) *postOffice {
	t.Helper()
	ca, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	o := &postOffice{t: t, password: "letter-carrier", ca: string(ca.PEM)}
	o.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &carrier{office: o}, nil }))
	o.server.Domain = "post.example"
	o.server.TLSConfig = ca.Config()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.line = storetest.Lay(t, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) })
	t.Cleanup(func() { o.server.Close() })
	if implicit {
		go o.server.Serve(tls.NewListener(l, o.server.TLSConfig))
	} else {
		go o.server.Serve(l)
	}
	return o
}

// settings are how Muster reaches the server.
func (o *postOffice) settings(how muster.Security) muster.Server {
	host, port, _ := strings.Cut(o.line.Address(), ":")
	n := 0
	for _, c := range port {
		n = n*10 + int(c-'0')
	}
	return muster.Server{
		Host: host, Port: n, Security: how, Username: "muster", Password: secret.New("letter-carrier"),
		Sender: "muster@contoso.example", SenderName: "Muster at Contoso", CA: o.ca,
	}
}

func (o *postOffice) answer(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = err
}

func (o *postOffice) took() []letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]letter(nil), o.letters...)
}

// carrier is one conversation.
type carrier struct {
	office *postOffice
	in     bool
	to     string
}

func (c *carrier) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *carrier) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		c.office.mu.Lock()
		defer c.office.mu.Unlock()
		if user != "muster" || password != c.office.password {
			return smtp.ErrAuthFailed
		}
		c.in = true
		return nil
	}), nil
}

func (c *carrier) Reset()        { c.to = "" }
func (c *carrier) Logout() error { return nil }

func (c *carrier) Mail(string, *smtp.MailOptions) error {
	if !c.in {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (c *carrier) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	return c.office.refuse
}

func (c *carrier) Data(r io.Reader) error {
	l, err := read(r)
	if err != nil {
		return err
	}
	l.to = c.to
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters = append(c.office.letters, l)
	return nil
}

// read takes a message apart.
func read(r io.Reader) (l letter, err error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return l, err
	}
	l.id = m.Header.Get("Message-ID")
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return l, err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return l, err
		}
		body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.html = string(body)
		} else {
			l.plain = string(body)
		}
	}
}
