package web

import (
	"net/http"
	"slices"

	"github.com/musterhq/muster/internal/account"
)

// access says who may come to a route at all. What the route then does is
// checked once more by the use cases that it calls.
type access struct {
	public bool           // without a session
	module account.Action // in the module of the path; "" for anybody signed in
	anyone bool           // with a role in the module of the path, whichever
}

var (
	public   = access{public: true}
	signedIn = access{}
	inModule = access{anyone: true}
)

// may asks for an action in the module of the path.
func may(a account.Action) access { return access{module: a} }

// route is one page or act.
type route struct {
	pattern string // as http.ServeMux takes it: method and path
	who     access
	do      func(v *visit) error
}

// routes is every page and act of the application.
func (s *Site) routes() []route {
	return slices.Concat(s.ownRoutes(), s.organizationRoutes(), s.recordRoutes(), s.structureRoutes(), s.userRoutes(), s.automationRoutes(), s.integrationRoutes())
}

// ownRoutes are the ways in, and what everybody has of their own.
func (s *Site) ownRoutes() []route {
	return []route{
		{"GET /{$}", signedIn, s.dashboard},
		{"GET /setup", public, s.setupForm},
		{"POST /setup", public, s.setUp},
		{"GET /sign-in", public, s.signInForm},
		{"POST /sign-in", public, s.signIn},
		{"GET /sign-in/code", public, s.codeForm},
		{"POST /sign-in/code", public, s.enterCode},
		{"GET /reset", public, s.resetForm},
		{"POST /reset", public, s.resetPassword},
		{"POST /sign-out", signedIn, s.signOut},
		{"GET /auth/microsoft/{connection}", public, s.toMicrosoft},
		{"GET /auth/microsoft/{connection}/sign-out", public, s.leaveMicrosoft},
		{"GET /auth/microsoft/callback", public, s.fromMicrosoft},
		{"GET /profile", signedIn, s.profile},
		{"POST /profile/password", signedIn, s.changePassword},
		{"POST /profile/sessions/{session}/end", signedIn, s.endSession},
		{"GET /profile/second-step", signedIn, s.secondStep},
		{"POST /profile/second-step", signedIn, s.confirmSecondStep},
		{"POST /profile/second-step/off", signedIn, s.removeSecondStep},
		{"POST /profile/microsoft", signedIn, s.beginLink},
		{"POST /profile/microsoft/unlink", signedIn, s.unlink},
		{"GET /profile/tokens", signedIn, s.ownTokens},
		{"POST /profile/tokens", signedIn, s.makeOwnToken},
		{"POST /profile/tokens/{token}/revoke", signedIn, s.revokeOwnToken},
		{"POST /theme", public, s.setTheme},
	}
}

// organizationRoutes are what lies above modules, or goes through all of them.
func (s *Site) organizationRoutes() []route {
	return []route{
		{"GET /settings", signedIn, func(v *visit) error { return v.goTo("/settings/accounts") }},
		{"GET /settings/accounts", signedIn, s.accounts},
		{"POST /settings/accounts", signedIn, s.addAccount},
		{"POST /settings/accounts/{account}/name", signedIn, s.renameAccount},
		{"POST /settings/accounts/{account}/modules", signedIn, s.addModule},
		{"POST /settings/accounts/{account}/modules/{module}/name", signedIn, s.renameModule},
		{"GET /settings/mail", signedIn, s.mailSettings},
		{"POST /settings/mail", signedIn, s.saveMail},
		{"POST /settings/mail/remove", signedIn, s.removeMail},
		{"POST /settings/mail/letters/{letter}/retry", signedIn, s.retryLetter},
		{"GET /settings/jobs", signedIn, s.jobs},
		{"POST /settings/jobs/{job}/run", signedIn, s.runJob},
		{"POST /settings/jobs/{job}/stop", signedIn, s.stopJob},
		{"GET /audit", signedIn, s.auditLog},
		{"GET /search", signedIn, s.search},
		{"GET /scan", signedIn, s.scan},
		{"GET /s/{record}", signedIn, s.scanned},
		{"POST /audit/export", signedIn, s.exportAudit},
	}
}

// recordRoutes are the records of a module: finding, changing, handing out.
func (s *Site) recordRoutes() []route {
	return []route{
		{"GET /m/{module}", inModule, s.module},
		{"GET /m/{module}/c/{collection}", inModule, s.collection},
		{"GET /m/{module}/c/{collection}/filter", inModule, s.filterPart},
		{"POST /m/{module}/c/{collection}/views", inModule, s.saveView},
		{"POST /m/{module}/c/{collection}/views/remove", inModule, s.removeView},
		{"POST /m/{module}/c/{collection}/many", inModule, s.many},
		{"GET /m/{module}/c/{collection}/export", inModule, s.exportRecords},
		{"GET /m/{module}/c/{collection}/import", inModule, s.importForm},
		{"POST /m/{module}/c/{collection}/import", inModule, s.uploadFile},
		{"GET /m/{module}/imports/{collection}/{upload}", inModule, s.importPage},
		{"POST /m/{module}/imports/{collection}/{upload}", inModule, s.importAct},
		{"GET /m/{module}/imports/{collection}/{upload}/faults", inModule, s.importFaults},
		{"GET /m/{module}/c/{collection}/labels", inModule, s.labels},
		{"POST /m/{module}/c/{collection}/labels", inModule, s.labels},
		{"GET /m/{module}/c/{collection}/new", inModule, s.newRecord},
		{"POST /m/{module}/c/{collection}/new", inModule, s.createRecord},
		{"GET /m/{module}/c/{collection}/{record}", inModule, s.record},
		{"GET /m/{module}/c/{collection}/{record}/edit", inModule, s.editRecord},
		{"POST /m/{module}/c/{collection}/{record}/edit", inModule, s.updateRecord},
		{"POST /m/{module}/c/{collection}/{record}/pin", inModule, s.pinField},
		{"POST /m/{module}/c/{collection}/{record}/archive", inModule, s.archiveRecord},
		{"POST /m/{module}/c/{collection}/{record}/check-out", inModule, s.checkOut},
		{"POST /m/{module}/c/{collection}/{record}/check-in", inModule, s.checkIn},
		{"POST /m/{module}/c/{collection}/{record}/check-in-all", inModule, s.checkInAll},
		{"POST /m/{module}/c/{collection}/{record}/give", inModule, s.giveTo},
		{"POST /m/{module}/c/{collection}/{record}/write-off", inModule, s.writeOff},
		{"POST /m/{module}/c/{collection}/{record}/write-off/undo", inModule, s.undoWriteOff},
		{"POST /m/{module}/c/{collection}/{record}/told", inModule, s.noteTold},
		{"POST /m/{module}/c/{collection}/{record}/notify", inModule, s.notify},
		{"POST /m/{module}/c/{collection}/{record}/sync", inModule, s.syncRecord},
		{"GET /m/{module}/choose", inModule, s.chooseThing},
		{"GET /m/{module}/choose/{collection}", inModule, s.chooseRecord},
		{"POST /m/{module}/c/{collection}/{record}/files", inModule, s.attach},
		{"GET /m/{module}/c/{collection}/{record}/files/{file}", inModule, s.file},
		{"POST /m/{module}/c/{collection}/{record}/files/{file}/remove", inModule, s.detach},
		{"GET /m/{module}/leavers", inModule, s.leavers},
		{"GET /m/{module}/overdue", inModule, s.overdue},
	}
}

// structureRoutes are what a module's records are made of.
func (s *Site) structureRoutes() []route {
	return []route{
		{"GET /m/{module}/check-out-forms", may(account.ManageCollections), s.checkForm},
		{"POST /m/{module}/check-out-forms", may(account.ManageCollections), s.saveCheckForm},
		{"GET /m/{module}/collections", may(account.ManageCollections), s.collections},
		{"POST /m/{module}/collections", may(account.ManageCollections), s.addCollection},
		{"GET /m/{module}/collections/{collection}", may(account.ManageCollections), s.fields},
		{"POST /m/{module}/collections/{collection}", may(account.ManageCollections), s.renameCollection},
		{"POST /m/{module}/collections/{collection}/order", may(account.ManageCollections), s.moveField},
		{"GET /m/{module}/collections/{collection}/fields/new", may(account.ManageCollections), s.newField},
		{"POST /m/{module}/collections/{collection}/fields/new", may(account.ManageCollections), s.createField},
		{"GET /m/{module}/collections/{collection}/fields/{field}", may(account.ManageCollections), s.editField},
		{"POST /m/{module}/collections/{collection}/fields/{field}", may(account.ManageCollections), s.saveField},
		{"POST /m/{module}/collections/{collection}/fields/{field}/hidden", may(account.ManageCollections), s.hideField},
		{"GET /m/{module}/collections/{collection}/fields/{field}/type", may(account.ManageCollections), s.fieldType},
		{"POST /m/{module}/collections/{collection}/fields/{field}/type", may(account.ManageCollections), s.convertField},
		{"GET /m/{module}/collections/{collection}/fields/{field}/remove", may(account.ManageCollections), s.removeFieldForm},
		{"POST /m/{module}/collections/{collection}/fields/{field}/remove", may(account.ManageCollections), s.removeField},
	}
}

// userRoutes are the users and roles of a module, and the services that use it.
func (s *Site) userRoutes() []route {
	return []route{
		{"GET /m/{module}/users", may(account.ManageUsers), s.users},
		{"POST /m/{module}/users", may(account.ManageUsers), s.inviteUser},
		{"GET /m/{module}/users/{login}", may(account.ManageUsers), s.user},
		{"POST /m/{module}/users/{login}/deactivate", may(account.ManageUsers), s.deactivateUser},
		{"POST /m/{module}/users/{login}/reactivate", may(account.ManageUsers), s.reactivateUser},
		{"POST /m/{module}/users/{login}/break-glass", may(account.ManageUsers), s.protectUser},
		{"POST /m/{module}/users/{login}/roles", may(account.ManageUsers), s.giveRole},
		{"POST /m/{module}/users/{login}/roles/take", may(account.ManageUsers), s.takeRole},
		{"POST /m/{module}/users/{login}/password", may(account.ManageUsers), s.setUserPassword},
		{"POST /m/{module}/users/{login}/link", may(account.ManageUsers), s.makeLink},
		{"POST /m/{module}/users/{login}/second-step", may(account.ManageUsers), s.dropSecondStep},
		{"GET /m/{module}/tokens", may(account.ManageUsers), s.services},
		{"POST /m/{module}/tokens", may(account.ManageUsers), s.addService},
		{"POST /m/{module}/tokens/{token}/revoke", may(account.ManageUsers), s.revokeService},
		{"GET /m/{module}/roles", may(account.ManageUsers), s.roles},
		{"POST /m/{module}/roles", may(account.ManageUsers), s.addRole},
		{"GET /m/{module}/roles/{role}", may(account.ManageUsers), s.editRole},
		{"POST /m/{module}/roles/{role}", may(account.ManageUsers), s.saveRole},
		{"POST /m/{module}/roles/{role}/remove", may(account.ManageUsers), s.removeRole},
	}
}

// automationRoutes are what a module does by itself.
func (s *Site) automationRoutes() []route {
	return []route{
		{"GET /m/{module}/automations", may(account.ManageIntegrations), s.automations},
		{"GET /m/{module}/automations/new", may(account.ManageIntegrations), s.newAutomation},
		{"POST /m/{module}/automations/new", may(account.ManageIntegrations), s.createAutomation},
		{"GET /m/{module}/automations/{automation}", may(account.ManageIntegrations), s.editAutomation},
		{"POST /m/{module}/automations/{automation}", may(account.ManageIntegrations), s.saveAutomation},
		{"POST /m/{module}/automations/{automation}/switch", may(account.ManageIntegrations), s.switchAutomation},
		{"POST /m/{module}/automations/{automation}/run", may(account.ManageIntegrations), s.runAutomation},
		{"POST /m/{module}/automations/{automation}/remove", may(account.ManageIntegrations), s.removeAutomation},
		{"GET /m/{module}/automations/{automation}/log", may(account.ManageIntegrations), s.automationLog},
		{"GET /m/{module}/automations/{automation}/log/{firing}", may(account.ManageIntegrations), s.automationFiring},
	}
}

// integrationRoutes are connections, mappings and runs.
func (s *Site) integrationRoutes() []route {
	return []route{
		{"GET /m/{module}/integrations", may(account.ManageIntegrations), s.integrations},
		{"GET /m/{module}/integrations/store", may(account.ManageIntegrations), s.integrationsStore},
		{"POST /m/{module}/integrations/store", may(account.ManageIntegrations), s.addIntegration},
		{"GET /m/{module}/integrations/{connection}", may(account.ManageIntegrations), s.connection},
		{"POST /m/{module}/integrations/{connection}", may(account.ManageIntegrations), s.saveConnection},
		{"POST /m/{module}/integrations/{connection}/schedule", may(account.ManageIntegrations), s.saveSchedule},
		{"GET /m/{module}/integrations/{connection}/mapping", may(account.ManageIntegrations), s.mappings},
		{"POST /m/{module}/integrations/{connection}/mapping/order", may(account.ManageIntegrations), s.orderMappings},
		{"GET /m/{module}/integrations/{connection}/mapping/{mapping}", may(account.ManageIntegrations), s.mappingForm},
		{"POST /m/{module}/integrations/{connection}/mapping/{mapping}", may(account.ManageIntegrations), s.saveMapping},
		{"POST /m/{module}/integrations/{connection}/mapping/{mapping}/preview", may(account.ManageIntegrations), s.tryMapping},
		{"POST /m/{module}/integrations/{connection}/mapping/{mapping}/fields", may(account.ManageIntegrations), s.makeFields},
		{"POST /m/{module}/integrations/{connection}/mapping/{mapping}/remove", may(account.ManageIntegrations), s.removeMapping},
		{"GET /m/{module}/integrations/{connection}/units", may(account.ManageIntegrations), s.searchUnits},
		{"GET /m/{module}/integrations/{connection}/runs", may(account.ManageIntegrations), s.runs},
		{"POST /m/{module}/integrations/{connection}/runs", may(account.ManageIntegrations), s.startRun},
		{"GET /m/{module}/integrations/{connection}/runs/{run}", may(account.ManageIntegrations), s.run},
		{"GET /m/{module}/integrations/{connection}/runs/{run}/progress", may(account.ManageIntegrations), s.runProgress},
		{"POST /m/{module}/integrations/{connection}/runs/{run}/approve", may(account.ApproveRuns), s.approveRun},
		{"POST /m/{module}/integrations/{connection}/runs/{run}/undo", may(account.ApproveRuns), s.undoRun},
		{"POST /m/{module}/integrations/{connection}/runs/{run}/cancel", may(account.ManageIntegrations), s.cancelRun},
	}
}

// serve answers a route: it finds out who asks, lets in who may come, and turns
// errors into pages.
func (s *Site) serve(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		v := &visit{site: s, w: w, r: req, route: r}
		err := v.enter()
		if err == nil {
			err = r.do(v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}
