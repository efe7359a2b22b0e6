package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/secret"
)

// kindEntra is the kind of integration there is.
const kindEntra = "microsoft-entra-id"

// clouds are the values of the key cloud.
func clouds() []string { return []string{"global", "us-government", "us-dod", "china", "custom"} }

// limitClasses are the classes of change that a limit can guard.
func limitClasses() []string {
	return []string{
		"deactivations", "role_gains", "role_losses", "blanked", "renames", "relinks",
		"new_guests", "administrators", "adoptions", "missing",
	}
}

var (
	guid   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	domain = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)
)

func (c *checker) integration(in *Integration) {
	if c.required(in.Place, "an integration", "kind", in.Kind) {
		c.choice(in.Place, "kind", in.Kind, kindEntra)
	}
	if in.Has("connection") && !in.marks["connection"].broken {
		c.connection(&in.Connection)
	} else if !in.Has("connection") {
		c.report(in.Pos.Problemf("the integration has no connection"))
	}
	mappings := c.unique("mappings named")
	for i := range in.Mappings {
		c.mapping(&in.Mappings[i])
		mappings.add(in.Mappings[i].Place, "name", in.Mappings[i].Name)
	}
	for _, class := range limitClasses() {
		if l, ok := in.Limits[class]; ok {
			c.limit(l)
		}
	}
	c.zone(in.Schedule.Place, "time_zone", &in.Schedule.TimeZone, "UTC")
}

func (c *checker) limit(l Limit) {
	for key, value := range map[string]*int{"count": l.Count, "percent": l.Percent, "floor": l.Floor} {
		switch {
		case value == nil:
		case *value < 0:
			c.report(l.At(key).Problemf("%s is below 0", key))
		case key == "percent" && *value > 100:
			c.report(l.At(key).Problemf("percent is above 100"))
		}
	}
}

// zone checks the name of a time zone. "Local" is refused: the zone of the
// machine must not decide on which day something happened.
func (c *checker) zone(p Place, key string, value *string, usual string) {
	if *value == "" {
		*value = usual
		return
	}
	if _, err := time.LoadLocation(*value); err != nil || strings.EqualFold(*value, "local") {
		c.report(p.At(key).Problemf("%s is not a time zone", p.show(key, *value)).WithHint("write it like Europe/Berlin"))
	}
}

func (c *checker) connection(conn *Connection) {
	c.identifiers(conn)
	if conn.Cloud == "" {
		conn.Cloud = "global"
	}
	c.choice(conn.Place, "cloud", conn.Cloud, clouds()...)
	if conn.Cloud == "custom" {
		c.address(conn.Place, "login_url", conn.LoginURL)
		c.address(conn.Place, "graph_url", conn.GraphURL)
	} else {
		c.unfit(conn.Place, "is for cloud: custom only", "login_url", "graph_url", "ca_file")
	}
	if conn.Readers == 0 && !conn.Has("readers") {
		conn.Readers = 1
	}
	if most := 16; (conn.Readers < 1 || conn.Readers > most) && !conn.marks["readers"].broken {
		c.report(conn.At("readers").Problemf("readers is not between 1 and %d", most))
	}
	c.credential(conn)
}

// identifiers checks the form of the IDs. It does not repeat them: secrets get
// pasted into the wrong one of the four fields.
func (c *checker) identifiers(conn *Connection) {
	const owner = "the connection"
	if c.required(conn.Place, owner, "tenant_id", conn.TenantID) && !guid.MatchString(conn.TenantID) && !domain.MatchString(conn.TenantID) {
		c.report(conn.At("tenant_id").Problemf("tenant_id is neither an ID like 11111111-1111-1111-1111-111111111111 nor a domain").
			WithHint("copy Directory (tenant) ID from the overview of the app registration"))
	}
	for _, id := range []struct{ key, value, portal string }{
		{"client_id", conn.ClientID, "Application (client) ID"},
		{"application_object_id", conn.ApplicationObjectID, "Object ID"},
	} {
		if c.required(conn.Place, owner, id.key, id.value) && !guid.MatchString(id.value) {
			c.report(conn.At(id.key).Problemf("%s is not an ID like 11111111-1111-1111-1111-111111111111", id.key).
				WithHint("copy %s from the overview of the app registration", id.portal))
		}
	}
}

// address checks the address of a host of a custom cloud. Over plain http
// everybody on the way could read secrets and people, so it is for this
// machine only.
func (c *checker) address(p Place, key, value string) {
	if !c.required(p, "the cloud custom", key, value) {
		return
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "http" && u.Scheme != "https"):
		c.report(p.At(key).Problemf("%s is not the address of a host", p.show(key, value)).WithHint("write it like https://graph.example.com"))
	case u.Scheme == "http" && !loopback(u.Hostname()):
		c.report(p.At(key).Problemf("%s needs https", key).WithHint("plain http is for this machine only: localhost, 127.0.0.1, [::1]"))
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

// credential takes the client secret or reads the files of the certificate.
func (c *checker) credential(conn *Connection) {
	if conn.CAFile != "" {
		conn.CAPEM = c.pemFile(conn.Place, "ca_file", conn.CAFile)
		if conn.CAPEM != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(conn.CAPEM)) {
			c.report(conn.At("ca_file").Problemf("ca_file holds no certificate in PEM"))
		}
	}
	conn.Secret = conn.ClientSecret
	if conn.ClientSecret.IsZero() && conn.Has("client_secret") {
		c.required(conn.Place, "the connection", "client_secret", "")
	}
	if conn.ClientCertificate == nil || conn.marks["client_certificate"].broken {
		return
	}
	if conn.Has("client_secret") {
		c.report(conn.At("client_certificate").Problemf("client_certificate and client_secret are both given").WithHint("keep one of them"))
		return
	}
	c.certificate(conn, conn.ClientCertificate)
}

// certificate reads certificate and key. The key goes into Secret only, also
// when one file holds both.
func (c *checker) certificate(conn *Connection, cert *Certificate) {
	if !c.required(cert.Place, "client_certificate", "file", cert.File) {
		return
	}
	text := c.pemFile(cert.Place, "file", cert.File)
	keys, keyName := text, "file"
	if cert.Key != "" {
		keys, keyName = c.pemFile(cert.Place, "key", cert.Key), "key"
	}
	if text == "" || keys == "" {
		return
	}
	public, _ := split(text)
	_, private := split(keys)
	switch {
	case public == "":
		c.report(cert.At("file").Problemf("the file holds no certificate in PEM").WithHint("turn a .pfx file into PEM with: openssl pkcs12"))
	case private == "":
		c.report(cert.At(keyName).Problemf("the file holds no private key in PEM").WithHint("name the file of the key with key"))
	default:
		if _, err := tls.X509KeyPair([]byte(public), []byte(private)); err != nil {
			c.report(cert.At(keyName).Problemf("the private key cannot be used: it is encrypted, damaged, or of another certificate"))
		}
	}
	conn.CertPEM, conn.Secret = public, secret.New(private)
}

func (c *checker) pemFile(p Place, key, path string) string {
	if p.marks[key].broken {
		return ""
	}
	text, err := c.reader.file(path)
	if err != nil {
		c.report(p.At(key).Problemf("%s: the file %s cannot be read: %s", key, p.show(key, path), reason(err)))
	}
	return text
}

// split returns the certificates and the private keys among the blocks of a
// PEM text.
func split(text string) (public, private string) {
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return public, private
		}
		switch {
		case block.Type == "CERTIFICATE":
			public += string(pem.EncodeToMemory(block))
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			private += string(pem.EncodeToMemory(block))
		}
	}
}
