package entra

import "github.com/musterhq/muster/internal/errs"

// advice is what to tell an administrator about an error of the sign-in host.
type advice struct {
	kind   errs.Kind
	text   string // what is wrong
	remedy string // what to do
}

// The remedies that several codes share.
const (
	fixSecret   = "Under Certificates & secrets of the app registration create a client secret and paste its Value, all of it, not the Secret ID." // #nosec G101 -- advice to the reader
	fixTenant   = "Compare the tenant ID with Directory (tenant) ID on the overview of the app registration, and check the cloud."
	fixClient   = "Compare the client ID with Application (client) ID on the overview of the app registration, and check that the tenant ID is of the same directory."
	fixPolicy   = "Look at the service principal sign-ins in the Entra sign-in logs; exclude this application from the policy or allow this machine's address."
	fixConsent  = "Add the permissions under API permissions and grant admin consent."
	fixOurs     = "This is a fault of Muster. Report it with the trace ID."
	fixWait     = "Nothing to do: the next run tries again."
	fixDisabled = "Under Enterprise applications open the application and set Enabled for users to sign in to Yes."
)

// adviceByCode holds the AADSTS codes that an application without a user can
// meet. Microsoft changes codes and texts, so adviceByName catches the rest.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var adviceByCode = map[int]advice{
	7000215: {errs.Unauthenticated, "The client secret is wrong.", fixSecret},
	7000222: {errs.Unauthenticated, "The client secret has expired.", fixSecret},
	7000218: {errs.Unauthenticated, "No client secret was sent.", fixSecret},
	700025:  {errs.Unauthenticated, "The application is registered as a public client, which may not have a secret.", "Under Authentication set Allow public client flows to No."},
	700016:  {errs.Unauthenticated, "The directory does not know an application with this client ID.", fixClient},
	700011:  {errs.Unauthenticated, "The directory does not know an application with this client ID.", fixClient},
	70001:   {errs.Unauthenticated, "The application is unknown to the directory or switched off.", fixClient + " " + fixDisabled},
	7000112: {errs.Unauthenticated, "The application is switched off in this directory.", fixDisabled},
	1000031: {errs.Unauthenticated, "The application cannot be used at present.", "Ask the administrator of the directory."},
	90002:   {errs.Unauthenticated, "There is no directory with this tenant ID in this cloud.", fixTenant},
	900023:  {errs.Unauthenticated, "The tenant ID is neither an ID nor a domain.", fixTenant},
	90038:   {errs.Unauthenticated, "The directory lives in another national cloud.", "Choose the directory's cloud in the connection."},
	9001023: {errs.Unauthenticated, "The tenant ID stands for no directory in particular.", fixTenant},
	50194:   {errs.Unauthenticated, "The tenant ID stands for no directory in particular.", fixTenant},
	65001:   {errs.Forbidden, "Nobody has consented to the application's permissions.", fixConsent},
	650056:  {errs.Forbidden, "The application asks for no permissions.", fixConsent},
	650057:  {errs.Forbidden, "The application does not list Microsoft Graph among its permissions.", fixConsent},
	53003:   {errs.Forbidden, "A Conditional Access policy blocks the application.", fixPolicy},
	530032:  {errs.Forbidden, "A security policy of the directory blocks the application.", fixPolicy},
	530035:  {errs.Forbidden, "A security policy of the directory blocks the application.", fixPolicy},
	53000:   {errs.Forbidden, "A Conditional Access policy blocks the application.", fixPolicy},
	53001:   {errs.Forbidden, "A Conditional Access policy blocks the application.", fixPolicy},
	50131:   {errs.Forbidden, "A Conditional Access policy blocks the application.", fixPolicy},
	700027:  {errs.Unauthenticated, "The certificate is not the one that the application registered.", "Upload the certificate under Certificates & secrets, or give the private key that belongs to it."},
	700024:  {errs.Unauthenticated, "The signed proof is outside of its time: this machine's clock is wrong.", "Set this machine's clock, best by NTP."},
	500011:  {errs.Unauthenticated, "Microsoft Graph of this cloud is unknown to the directory.", "Choose the directory's cloud in the connection."},
	650052:  {errs.Unauthenticated, "Microsoft Graph is not enabled in the directory.", "Ask the administrator of the directory."},
	70011:   {errs.Internal, "The scope of the request is wrong.", fixOurs},
	1002012: {errs.Internal, "The scope of the request is wrong.", fixOurs},
	900144:  {errs.Internal, "The request is malformed.", fixOurs},
	90014:   {errs.Internal, "The request is malformed.", fixOurs},
	9002313: {errs.Internal, "The request is malformed.", fixOurs},
	900561:  {errs.Internal, "The request is malformed.", fixOurs},
	70003:   {errs.Internal, "The kind of sign-in is not supported.", fixOurs},
	50196:   {errs.Unavailable, "The sign-in host was asked too often and refuses for a while.", fixWait},
	90055:   {errs.Unavailable, "The directory is throttled.", fixWait},
	90033:   {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
	90006:   {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
	90012:   {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
	90024:   {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
	90090:   {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
	50033:   {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
	50087:   {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
}

// adviceByName is the fallback by OAuth error, for codes that are not listed.
var adviceByName = map[string]advice{
	"invalid_client":          {errs.Unauthenticated, "The sign-in host does not accept the credential.", fixSecret},
	"unauthorized_client":     {errs.Unauthenticated, "The application may not sign in to this directory.", fixClient},
	"invalid_request":         {errs.Unauthenticated, "The sign-in host does not accept the request.", fixTenant},
	"invalid_tenant":          {errs.Unauthenticated, "There is no such directory in this cloud.", fixTenant},
	"invalid_resource":        {errs.Unauthenticated, "Microsoft Graph of this cloud is unknown to the directory.", "Choose the directory's cloud in the connection."},
	"invalid_scope":           {errs.Internal, "The scope of the request is wrong.", fixOurs},
	"unsupported_grant_type":  {errs.Internal, "The kind of sign-in is not supported.", fixOurs},
	"invalid_grant":           {errs.Forbidden, "The directory refuses to let the application in.", fixConsent},
	"access_denied":           {errs.Forbidden, "The directory refuses to let the application in.", fixPolicy},
	"interaction_required":    {errs.Forbidden, "A policy of the directory asks for a person at the sign-in.", fixPolicy},
	"consent_required":        {errs.Forbidden, "Nobody has consented to the application's permissions.", fixConsent},
	"temporarily_unavailable": {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
	"server_error":            {errs.Unavailable, "The sign-in host has a passing fault.", fixWait},
}
