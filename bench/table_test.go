//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"text/tabwriter"
	"time"
)

// result is one line of the table. Where there is no floor, Measured itself is
// held against the bar.
type result struct {
	What     string  `json:"what"`
	Unit     string  `json:"unit"`
	Measured float64 `json:"measured"`
	Floor    float64 `json:"floor,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"`
	Bar      float64 `json:"bar"` // the most that passes; 0 for lines that only inform, -1 for none at all
	Pass     bool    `json:"pass"`
	Note     string  `json:"note,omitempty"`
}

// results gathers the lines of all benchmarks.
type results struct {
	mu    sync.Mutex
	lines []result
}

// table is the one of this run.
var table results

// against adds a measurement that is held against a floor.
func (r *results) against(what, unit string, measured, floor, bar float64, note string) {
	r.add(result{What: what, Unit: unit, Measured: measured, Floor: floor, Ratio: measured / floor, Bar: bar, Note: note})
}

// plain adds a measurement that has no floor.
func (r *results) plain(what, unit string, measured, bar float64, note string) {
	r.add(result{What: what, Unit: unit, Measured: measured, Bar: bar, Note: note})
}

func (r *results) add(l result) {
	value := l.Ratio
	if l.Floor == 0 {
		value = l.Measured
	}
	if math.IsInf(l.Ratio, 0) || math.IsNaN(l.Ratio) {
		l.Ratio = 0 // there was no floor, and JSON knows no infinity
	}
	l.Pass = l.Bar == 0 || value <= max(l.Bar, 0)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, l)
	fmt.Fprintf(os.Stderr, "  %s: %s %s, floor %s, ratio %s, bar %s\n", l.What, short(l.Measured), l.Unit, short(l.Floor), short(l.Ratio), short(l.Bar))
}

// finish prints the table and writes it to a file of the folder.
func (r *results) finish(w io.Writer, folder string) {
	if len(r.lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%d people, %d CPUs, %s\n", *peopleFlag, runtime.NumCPU(), runtime.Version())
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "what\tunit\tmeasured\tfloor\tratio\tbar\t\tnote")
	for _, l := range r.lines {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.What, l.Unit, short(l.Measured), short(l.Floor), short(l.Ratio), short(l.Bar), verdict(l), l.Note)
	}
	tw.Flush()
	if err := r.write(folder); err != nil {
		fmt.Fprintln(w, "the results could not be written:", err)
	}
}

func verdict(l result) string {
	switch {
	case l.Bar == 0:
		return ""
	case l.Pass:
		return "pass"
	}
	return "MISS"
}

// short prints a number, or a dash where there is none.
func short(f float64) string {
	switch f {
	case 0:
		return "-"
	case -1:
		return "none"
	}
	return fmt.Sprintf("%.4g", f)
}

func (r *results) write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	now := time.Now().UTC()
	text, err := json.MarshalIndent(map[string]any{
		"at": now.Format(time.RFC3339), "people": *peopleFlag, "large": *largeFlag, "cpus": runtime.NumCPU(), "go": runtime.Version(), "lines": r.lines,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, now.Format("20060102T150405Z")+".json"), append(text, '\n'), 0o644)
}
