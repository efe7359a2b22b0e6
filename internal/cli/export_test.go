package cli

import "github.com/alecthomas/kong"

// Model returns the commands and flags of the program.
func Model() (*kong.Application, error) {
	parser, err := kong.New(new(program), kong.Name("muster"))
	if err != nil {
		return nil, err
	}
	return parser.Model, nil
}

// Afar reports whether a command works with a server, too.
func Afar(command *kong.Node) bool {
	_, ok := command.Target.Addr().Interface().(remote)
	return ok
}
