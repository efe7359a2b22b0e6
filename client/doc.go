// Package client talks to the REST API of a Muster server. It holds every type
// that goes over the wire, which the server uses too: there is one definition of
// each answer.
//
//	c, err := client.New("https://assets.example.com", token)
//	for rec, err := range c.Records(ctx, module, collection, client.RecordQuery{Text: "laptop"}) {
//		...
//	}
//
// Requests that a server is too busy for are repeated, with the wait that it
// asks for. Every request that changes something carries an idempotency key, so
// that a repetition does it once.
//
// What the fields mean is said once, in their doc tags, which are the text of the
// OpenAPI document as well.
package client
