package mail

import (
	"html"
	"regexp"
	"strings"
)

// link finds web addresses in plain text.
var link = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)]`)

// asHTML writes plain text as a page for mail programs: paragraphs, lists where
// lines begin with "- ", and links. Nothing is fetched from anywhere.
func asHTML(title, text string) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html><head><meta charset="utf-8"><title>` + html.EscapeString(title) + `</title></head>` +
		`<body style="font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:15px;line-height:1.5;color:#1f2937;max-width:640px">`)
	for _, block := range strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n\n") {
		writeBlock(&b, strings.Split(strings.Trim(block, "\n"), "\n"))
	}
	b.WriteString("</body></html>")
	return b.String()
}

// writeBlock writes lines that stand together: items of a list, and paragraphs.
func writeBlock(b *strings.Builder, lines []string) {
	open := ""
	end := func() {
		if open != "" {
			b.WriteString("</" + open + ">")
		}
	}
	for _, line := range lines {
		item, listed := strings.CutPrefix(line, "- ")
		want := "p"
		if listed {
			want = "ul"
		}
		if want != open {
			end()
			open = want
			b.WriteString("<" + want + ">")
		} else if !listed {
			b.WriteString("<br>")
		}
		if listed {
			b.WriteString("<li>" + inline(item) + "</li>")
		} else {
			b.WriteString(inline(line))
		}
	}
	end()
}

// inline escapes a line and makes its web addresses links.
func inline(line string) string {
	var b strings.Builder
	last := 0
	for _, at := range link.FindAllStringIndex(line, -1) {
		address := html.EscapeString(line[at[0]:at[1]])
		b.WriteString(html.EscapeString(line[last:at[0]]) + `<a href="` + address + `">` + address + `</a>`)
		last = at[1]
	}
	b.WriteString(html.EscapeString(line[last:]))
	return b.String()
}
