package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/cli"
)

func TestFilesAreImportedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	file := filepath.Join(t.TempDir(), "assets.csv")
	if err := os.WriteFile(file, []byte("Name,Asset tag,Price\nLaptop,A-1,1000\nPhone,A-2,cheap\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ := d.run(cli.ExitPartial, "import", file, "Assets", "--dry-run"); !strings.Contains(out, "1 added") {
		t.Errorf("the dry run says %q", out)
	}
	if out, _ := d.run(cli.ExitDone, "export", "Assets"); strings.Contains(out, "Laptop") {
		t.Error("the dry run has added something")
	}
	if _, problems := d.run(cli.ExitPartial, "import", file, "Assets"); !strings.Contains(problems, "line 3: Price") {
		t.Errorf("the import says %q of the row that does not fit", problems)
	}
	if out, _ := d.run(cli.ExitPartial, "import", file, "Assets", "--match", "Asset tag"); !strings.Contains(out, "1 unchanged") {
		t.Errorf("importing again says %q", out)
	}
	if _, problems := d.run(cli.ExitUsage, "import", file, "Assets", "--match", "Price"); !strings.Contains(problems, "unique field") {
		t.Errorf("a field that is not unique: %q", problems)
	}
	book := filepath.Join(t.TempDir(), "assets.xlsx")
	d.run(cli.ExitDone, "export", "Assets", "--format", "xlsx", "-o", book)
	if out, _ := d.run(cli.ExitDone, "import", book, "Assets"); !strings.Contains(out, "1 unchanged") {
		t.Errorf("importing what was exported says %q", out)
	}
}

// Neither a value nor the name of a field is taken for a formula.
func TestExportsHoldNoFormulas(t *testing.T) {
	t.Parallel()
	d := sit(t, 10)
	text, err := os.ReadFile(d.file)
	if err != nil {
		t.Fatal(err)
	}
	d.write(strings.Replace(string(text), "              - {name: Department, type: text}\n", "              - {name: Department, type: text}\n              - {name: \"=cmd|x\", type: text}\n", 1))
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "record", "add", "People", "Name==1+1|x")
	out, _ := d.run(cli.ExitDone, "export", "People")
	for _, want := range []string{"'=cmd|x", "'=1+1|x"} {
		if strings.Count(out, want) != 1 {
			t.Errorf("the export lacks %q:\n%s", want, out)
		}
	}
}
