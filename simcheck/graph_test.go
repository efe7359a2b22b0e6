package simcheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoft/kiota-abstractions-go/store"
	kiotahttp "github.com/microsoft/kiota-http-go"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	textserialization "github.com/microsoft/kiota-serialization-text-go"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
	"github.com/microsoftgraph/msgraph-sdk-go/devices"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/directoryobjects"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/musterhq/muster/internal/entrasim"
)

// TestMain registers what the SDK's root package registers when it makes its
// client: formats, and the type of errors for pages and batches. The registries
// are global to the process and not guarded, hence not in each test.
func TestMain(m *testing.M) {
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory {
		return jsonserialization.NewJsonSerializationWriterFactory()
	})
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return jsonserialization.NewJsonParseNodeFactory() })
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return textserialization.NewTextParseNodeFactory() })
	fault := odataerrors.CreateODataErrorFromDiscriminatorValue
	for _, key := range []string{core.PageIteratorErrorRegistryKey, core.BatchRequestErrorRegistryKey} {
		if err := core.RegisterError(key, abstractions.ErrorMappings{"4XX": fault, "5XX": fault}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// lab is a simulated tenant that listens, and Microsoft's clients pointed at it.
type lab struct {
	*testing.T
	*entrasim.Control
	tenant *entrasim.Tenant
	graph  *graph
	client *http.Client // trusts the tenant's certificate, without the SDK's middleware
	url    string
}

func newLab(t *testing.T, cfg entrasim.Config) *lab {
	t.Helper()
	tenant := entrasim.New(cfg)
	srv, err := tenant.StartTLS()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	l := &lab{T: t, Control: tenant.Control(), tenant: tenant, url: srv.URL(), client: trusting(t, srv.CAPEM())}
	credential, err := l.secret(entrasim.DefaultClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	l.graph = newGraph(t, srv.URL(), l.client, credential)
	return l
}

// trusting is an http client that trusts one authority only.
func trusting(tb testing.TB, pem []byte) *http.Client {
	tb.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		tb.Fatal("the tenant's authority is not a certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// options point azidentity at a tenant. Instance discovery would ask
// login.microsoft.com whether it knows the host.
func options(url string, client *http.Client) azcore.ClientOptions {
	return azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: url}, Transport: client}
}

// secret is a credential with a client secret.
func (l *lab) secret(value string) (*azidentity.ClientSecretCredential, error) {
	return secretFor(l.url, l.client, value)
}

func secretFor(url string, client *http.Client, value string) (*azidentity.ClientSecretCredential, error) {
	return azidentity.NewClientSecretCredential(entrasim.DefaultTenantID, entrasim.DefaultClientID, value,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options(url, client), DisableInstanceDiscovery: true})
}

// graph is the SDK with its own middleware: retries, redirects, compression,
// telemetry.
type graph struct {
	adapter *core.GraphRequestAdapterBase
	base    map[string]string
}

func newGraph(tb testing.TB, url string, client *http.Client, credential azcore.TokenCredential) *graph {
	tb.Helper()
	auth, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(credential,
		[]string{"https://graph.microsoft.com/.default"}, []string{"127.0.0.1"})
	if err != nil {
		tb.Fatal(err)
	}
	version := core.GraphClientOptions{GraphServiceLibraryVersion: "1.89.0"}
	piped := &http.Client{Transport: kiotahttp.NewCustomTransportWithParentTransport(client.Transport, core.GetDefaultMiddlewaresWithOptions(&version)...)}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, version, nil, nil, piped)
	if err != nil {
		tb.Fatal(err)
	}
	adapter.SetBaseUrl(url + "/v1.0")
	adapter.EnableBackingStore(store.BackingStoreFactoryInstance)
	return &graph{adapter: adapter, base: map[string]string{"baseurl": url + "/v1.0"}}
}

func (g *graph) users() *users.UsersRequestBuilder {
	return users.NewUsersRequestBuilderInternal(g.base, g.adapter)
}

func (g *graph) groups() *groups.GroupsRequestBuilder {
	return groups.NewGroupsRequestBuilderInternal(g.base, g.adapter)
}

func (g *graph) devices() *devices.DevicesRequestBuilder {
	return devices.NewDevicesRequestBuilderInternal(g.base, g.adapter)
}

func (g *graph) directory() *directory.DirectoryRequestBuilder {
	return directory.NewDirectoryRequestBuilderInternal(g.base, g.adapter)
}

func (g *graph) objects() *directoryobjects.DirectoryObjectsRequestBuilder {
	return directoryobjects.NewDirectoryObjectsRequestBuilderInternal(g.base, g.adapter)
}

// pages walks a collection from its first page to its last, through the SDK's
// page iterator. Headers are not part of links, so they are given again.
func pages[T any](ctx context.Context, g *graph, first any, factory serialization.ParsableFactory, headers *abstractions.RequestHeaders) ([]T, error) {
	it, err := core.NewPageIterator[T](first, g.adapter, factory)
	if err != nil {
		return nil, err
	}
	if headers != nil {
		it.SetHeaders(headers)
	}
	var all []T
	err = it.Iterate(ctx, func(item T) bool {
		all = append(all, item)
		return true
	})
	return all, err
}

// every is pages for tests: the error of the first call and of the others end
// the test.
func every[T any](l *lab, factory serialization.ParsableFactory, headers *abstractions.RequestHeaders) func(first any, err error) []T {
	return func(first any, err error) []T {
		l.Helper()
		if err != nil {
			l.Fatal(said(err))
		}
		all, err := pages[T](l.Context(), l.graph, first, factory, headers)
		if err != nil {
			l.Fatal(said(err))
		}
		return all
	}
}

// said is an error with the code and message that Graph sent, which the SDK
// keeps out of Error.
func said(err error) string {
	fault, ok := err.(*odataerrors.ODataError)
	if !ok || fault.GetErrorEscaped() == nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s: %s", fault.GetStatusCode(), text(fault.GetErrorEscaped().GetCode()), text(fault.GetErrorEscaped().GetMessage()))
}

// text is a value that may be null; null and "" are the same here.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func ptr[T any](v T) *T { return &v }

// eventual is the header of advanced queries.
func eventual() *abstractions.RequestHeaders {
	h := abstractions.NewRequestHeaders()
	h.Add("ConsistencyLevel", "eventual")
	return h
}

// must ends the test on an error.
func must[T any](v T, err error) func(l *lab) T {
	return func(l *lab) T {
		l.Helper()
		if err != nil {
			l.Fatal(said(err))
		}
		return v
	}
}
