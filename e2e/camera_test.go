package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"rsc.io/qr"
)

// filmed is a film of a few frames, in the format y4m, that shows a QR code as a
// camera sees a label that somebody holds up: not quite in the middle, grey on
// light grey.
func filmed(t *testing.T, text string) (file string) {
	t.Helper()
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	const width, height, module, left, top = 640, 480, 9, 160, 70
	light := bytes.Repeat([]byte{200}, width*height)
	for y := range code.Size * module {
		for x := range code.Size * module {
			if code.Black(x/module, y/module) {
				light[(top+y)*width+left+x] = 60
			}
		}
	}
	var film bytes.Buffer
	fmt.Fprintf(&film, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420\n", width, height)
	for range 10 {
		film.WriteString("FRAME\n")
		film.Write(light)
		film.Write(bytes.Repeat([]byte{128}, width*height/2)) // without colours
	}
	file = filepath.Join(t.TempDir(), "label.y4m")
	if err := os.WriteFile(file, film.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A phone's camera reads a label in browsers that bring no reader of codes along,
// as this one does not; and says so when it may not use the camera.
func TestTheCameraScansALabel(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	b := newTab(t, openBrowser(t), d.at, looks()[3])
	b.signIn(d.email, d.password)
	b.open("/m/1/c/1?q=1042")
	asset := ask[string](b, `document.querySelector("td.lead a").pathname.split("/").pop()`)
	name := ask[string](b, `document.querySelector("td.lead a").innerText`)

	b.open("/scan")
	b.click("[data-scan-start]")
	b.wait(`/camera cannot be used/i.test(document.querySelector("[data-scan-fault]").innerText)`)

	camera := openBrowser(t, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", filmed(t, "https://muster.example.com/s/"+asset)))
	b = newTab(t, camera, d.at, looks()[3])
	b.signIn(d.email, d.password)
	b.open("/scan")
	if ask[bool](b, `"BarcodeDetector" in window`) {
		t.Log("this browser reads codes by itself")
	}
	b.click("[data-scan-start]")
	b.wait(`location.pathname === "/s/` + asset + `"`)
	b.must(name)
	b.sound()
}
