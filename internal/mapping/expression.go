package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/musterhq/muster/internal/directory"
)

// errNoZone refuses the machine's own zone.
var errNoZone = errors.New("not a named time zone")

// Limits of an expression. Nothing in it can loop: predicates, ranges and
// variables are refused when it is compiled, every function's result is
// bounded, and so the time of a run is bounded by its size.
const (
	maxExpression = 1_000    // characters
	maxNodes      = 200      // operators, names and literals
	maxItems      = 1_000    // items of a list that a function gives
	expressionRAM = 64 << 10 // memory units of the virtual machine
)

// expression is a compiled expression. It sees the value so far as `value` and
// `values` (the same as a list), and every attribute of the object by its name:
//
//	department == "" ? companyName : department
//	employeeOrgData.costCenter + "-" + upper(left(country, 2))
//	"Contractor" in [employeeType] ? "external" : "staff"
//
// An attribute that is said to be empty reads as "", the empty list or false.
// When one that the expression names was not mentioned, the result is unknown (F34).
type expression struct {
	program *vm.Program
	uses    []use
	value   bool // it reads value or values
}

// use is an attribute that an expression names.
type use struct {
	whole, member string // employeeOrgData, division; member is "" for plain attributes
	path          string
	bool, list    bool
	at            int // index among the rule's paths, set by Compile
}

// newExpression compiles an expression; a problem is returned in words.
func newExpression(source string, kind directory.Kind) (*expression, string) {
	if strings.TrimSpace(source) == "" {
		return nil, "needs an expression"
	}
	g := &gatekeeper{attributes: directory.Attributes(kind)}
	options := []expr.Option{
		expr.DisableAllBuiltins(),
		expr.MaxNodes(maxNodes),
		expr.Env(exampleEnv(g.attributes)),
		expr.Patch(g),
	}
	program, err := expr.Compile(source, append(options, functions()...)...)
	if len(g.problems) > 0 {
		return nil, g.problems[0]
	}
	if err != nil {
		return nil, "is not a valid expression: " + firstLine(err)
	}
	return &expression{program: program, uses: g.uses, value: g.value}, ""
}

// exampleEnv has a value of the right type for every name, for type checks.
func exampleEnv(attributes []directory.Attribute) map[string]any {
	env := map[string]any{"value": "", "values": []string{}}
	for _, a := range attributes {
		switch whole, member, nested := strings.Cut(a.Path, "."); {
		case a.Reference || a.Members != nil:
		case nested:
			members, _ := env[whole].(map[string]string)
			if members == nil {
				members = map[string]string{}
				env[whole] = members
			}
			members[member] = ""
		case a.List:
			env[a.Path] = []string{}
		case a.Suggest == "yes_no":
			env[a.Path] = false
		default:
			env[a.Path] = ""
		}
	}
	return env
}

// run evaluates the expression for one object.
func (e *expression) run(s *sheet, v directory.Value) (directory.Value, string) {
	if e.value && v.State() == directory.Absent {
		return v, ""
	}
	env := make(map[string]any, len(e.uses)+2)
	env["value"], env["values"] = v.String(), v.List()
	for i := range e.uses {
		if !e.uses[i].fill(env, s) {
			return directory.Value{}, ""
		}
	}
	machine := vm.VM{MemoryBudget: expressionRAM}
	result, err := machine.Run(e.program, env)
	if err != nil {
		return v, "the expression fails: " + firstLine(err)
	}
	return toValue(result)
}

// fill puts the attribute into env; it reports false when it is unknown.
func (u *use) fill(env map[string]any, s *sheet) bool {
	v := s.value(u.at)
	if v.State() == directory.Absent {
		return false
	}
	switch {
	case u.member != "":
		members, _ := env[u.whole].(map[string]string)
		if members == nil {
			members = map[string]string{}
			env[u.whole] = members
		}
		members[u.member] = v.String()
	case u.list:
		list := v.List()
		if list == nil {
			list = []string{}
		}
		env[u.whole] = list
	case u.bool:
		truth, _ := truthOf(v)
		env[u.whole] = truth
	default:
		env[u.whole] = v.String()
	}
	return true
}

// toValue turns an expression's result into a value.
func toValue(result any) (directory.Value, string) {
	switch r := result.(type) {
	case nil:
		return directory.NullValue(), ""
	case bool:
		return directory.BoolValue(r), ""
	case int:
		return directory.NumberValue(strconv.Itoa(r)), ""
	case float64:
		return directory.NumberValue(strconv.FormatFloat(r, 'f', -1, 64)), ""
	case string:
		if len(r) > maxText {
			return directory.NullValue(), "the text grows too long"
		}
		return directory.TextValue(r), ""
	case []string:
		return directory.ListValue(slices.Clone(r)), ""
	case []any:
		items := make([]string, len(r))
		for i, item := range r {
			items[i] = fmt.Sprint(item)
		}
		return directory.ListValue(items), ""
	}
	return directory.NullValue(), "the expression gives neither a text nor a number, yes or no, or a list"
}

// gatekeeper walks an expression before it is compiled: it collects the
// attributes used and refuses whatever is not known to be harmless.
type gatekeeper struct {
	attributes []directory.Attribute
	uses       []use
	problems   []string
	value      bool
}

// Visit refuses everything but the listed kinds of node, so that a new version
// of the language brings nothing in unasked.
func (g *gatekeeper) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode,
		*ast.UnaryNode, *ast.ConditionalNode, *ast.ArrayNode, *ast.CallNode:
	case *ast.IdentifierNode:
		g.identifier(n.Value)
	case *ast.MemberNode:
		g.member(n)
	case *ast.BinaryNode:
		g.operator(n)
	default:
		g.refuse("uses a construct that is not available here; use names, literals, operators, ?: and the listed functions")
	}
}

func (g *gatekeeper) refuse(problem string) { g.problems = append(g.problems, problem) }

func (g *gatekeeper) identifier(name string) {
	if name == "value" || name == "values" {
		g.value = true
		return
	}
	if slices.Contains(functionNames(), name) {
		return
	}
	for i := range g.attributes {
		a := &g.attributes[i]
		if a.Path == name && a.Members == nil && !a.Reference {
			g.use(use{whole: name, path: name, bool: a.Suggest == "yes_no", list: a.List})
			return
		}
		if whole, _, nested := strings.Cut(a.Path, "."); nested && whole == name && !a.Reference {
			return // judged with its member
		}
	}
	problem := strconv.Quote(name) + " is neither an attribute nor a function"
	for i := range g.attributes {
		if strings.EqualFold(g.attributes[i].Path, name) {
			problem += "; the attribute is spelled " + g.attributes[i].Path
		}
	}
	g.refuse(problem)
}

// member allows one member of a nested attribute, and an item of a list by its
// position.
func (g *gatekeeper) member(n *ast.MemberNode) {
	name, isName := n.Property.(*ast.StringNode)
	if !isName {
		return
	}
	whole, ok := n.Node.(*ast.IdentifierNode)
	if !ok {
		g.refuse("uses a construct that is not available here; members belong to attributes")
		return
	}
	path := whole.Value + "." + name.Value
	known := slices.ContainsFunc(g.attributes, func(a directory.Attribute) bool { return a.Path == path && !a.Reference })
	if !known {
		g.refuse(strconv.Quote(path) + " is not an attribute")
		return
	}
	g.use(use{whole: whole.Value, member: name.Value, path: path})
}

func (g *gatekeeper) use(u use) {
	if !slices.ContainsFunc(g.uses, func(known use) bool { return known.path == u.path }) {
		g.uses = append(g.uses, u)
	}
}

func (g *gatekeeper) operator(n *ast.BinaryNode) {
	switch n.Operator {
	case "+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "and", "&&", "or", "||",
		"in", "contains", "startsWith", "endsWith", "??":
	case "matches":
		pattern, ok := n.Right.(*ast.StringNode)
		if !ok {
			g.refuse("matches needs a regular expression in quotes")
			return
		}
		if _, problem := compilePattern(pattern.Value, false); problem != "" {
			g.refuse("matches " + problem)
		}
	default:
		g.refuse("the operator " + n.Operator + " is not available here")
	}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
