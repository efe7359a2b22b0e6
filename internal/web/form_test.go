package web_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// formOf reads the form with an ID out of a page, as a browser would send it.
func formOf(t *testing.T, page, id string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found *html.Node
	walk(root, func(n *html.Node) bool {
		if n.Data == "form" && attr(n, "id") == id {
			found = n
		}
		return true
	})
	if found == nil {
		t.Fatalf("the page has no form %q", id)
	}
	values := url.Values{}
	walk(found, func(n *html.Node) bool {
		switch n.Data {
		case "template": // rows to be added, not sent
			return false
		case "input":
			kind := attr(n, "type")
			if (kind == "radio" || kind == "checkbox") && !has(n, "checked") {
				break
			}
			if name := attr(n, "name"); name != "" {
				values.Add(name, attr(n, "value"))
			}
		case "select":
			values.Add(attr(n, "name"), chosen(n))
			return false
		case "textarea":
			text := ""
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			values.Add(attr(n, "name"), text)
		}
		return true
	})
	return values
}

// walk calls fn with every element; what fn says no to is not looked into.
func walk(n *html.Node, fn func(*html.Node) bool) {
	if n.Type == html.ElementNode && !fn(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, fn)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// chosen is the value of a select: of the chosen option, else of the first.
func chosen(n *html.Node) string {
	value, first := "", true
	walk(n, func(o *html.Node) bool {
		if o.Data == "option" && (first || has(o, "selected")) {
			value, first = attr(o, "value"), false
		}
		return true
	})
	return value
}
