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
