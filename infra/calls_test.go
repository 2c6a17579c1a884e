package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/contract"
)

// own is the beginning of the import paths of the functions' packages, sdk that of the AWS SDK.
const (
	own = "dynamodb-to-s3/lambda/"
	sdk = "github.com/aws/aws-sdk-go-v2/"
)

// program is the type-checked source of the functions. It finds the operations of AWS that a function can call.
//
// It may find calls that never happen. A function that is mentioned counts as called. A call of an interface method counts as a call of the
// method of every type that has it. If a type is mentioned, foreign code may call its methods that belong to foreign interfaces. Only in a
// switch over the names of the functions, and in a map with these names as keys, it follows only the matching case.
type program struct {
	info     types.Info
	bodies   map[types.Object]ast.Node // of functions, methods and package variables
	foreign  []*types.Interface        // of imported packages
	concrete []*types.Named            // the possible types of an interface value: own types and clients of the SDK
}

func loadProgram(ctx context.Context) (*program, error) {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-export", "-json=ImportPath,Dir,GoFiles,Export", own+"...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the functions' packages: %w", err)
	}
	p := &program{
		info:   types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}},
		bodies: map[types.Object]ast.Node{},
	}
	files, exports, checked := token.NewFileSet(), map[string]string{}, map[string]*types.Package{}
	compiled := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	imported := map[string]*types.Package{}
	load := importerFunc(func(path string) (*types.Package, error) {
		if made := checked[path]; made != nil {
			return made, nil
		}
		made, err := compiled.Import(path)
		imported[path] = made
		return made, err
	})
	decoder := json.NewDecoder(bytes.NewReader(out))
	for { // dependencies first
		var pkg struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[pkg.ImportPath] = pkg.Export
		if !strings.HasPrefix(pkg.ImportPath+"/", own) {
			continue
		}
		var parsed []*ast.File
		for _, name := range pkg.GoFiles {
			file, err := parser.ParseFile(files, filepath.Join(pkg.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			parsed = append(parsed, file)
		}
		made, err := (&types.Config{Importer: load}).Check(pkg.ImportPath, files, parsed, &p.info)
		if err != nil {
			return nil, err
		}
		checked[pkg.ImportPath] = made
		p.keep(parsed)
		p.keepTypes(made)
	}
	for path, pkg := range imported {
		p.keepInterfaces(pkg)
		if client, _ := pkg.Scope().Lookup("Client").(*types.TypeName); client != nil && strings.HasPrefix(path, sdk+"service/") {
			p.concrete = append(p.concrete, client.Type().(*types.Named))
		}
	}
	return p, nil
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

func (p *program) keep(files []*ast.File) {
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Body != nil {
					p.bodies[p.info.Defs[d.Name]] = d.Body
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if values, ok := spec.(*ast.ValueSpec); ok {
						for _, name := range values.Names {
							p.bodies[p.info.Defs[name]] = values
						}
					}
				}
			}
		}
	}
}

func (p *program) keepTypes(pkg *types.Package) {
	for _, name := range pkg.Scope().Names() {
		if named, ok := pkg.Scope().Lookup(name).Type().(*types.Named); ok && named.Obj().Pkg() == pkg {
			p.concrete = append(p.concrete, named)
		}
	}
}

func (p *program) keepInterfaces(pkg *types.Package) {
	for _, name := range pkg.Scope().Names() {
		typeName, _ := pkg.Scope().Lookup(name).(*types.TypeName)
		if typeName == nil || !typeName.Exported() {
			continue
		}
		if named, ok := typeName.Type().(*types.Named); ok && named.TypeParams().Len() > 0 {
			continue
		}
		if i, ok := typeName.Type().Underlying().(*types.Interface); ok && i.NumMethods() > 0 && i.IsMethodSet() {
			p.foreign = append(p.foreign, i)
		}
	}
}

// operations returns the operations of AWS that a function can call, as service.Operation, each with a path to the call.
func (p *program) operations(function contract.Function) (map[string]string, error) {
	var start types.Object
	for object := range p.bodies {
		if object.Pkg() != nil && object.Pkg().Path()+"/" == own && object.Name() == "main" {
			start = object
		}
	}
	if start == nil {
		return nil, fmt.Errorf("%s has no main", own)
	}
	operations, ways := map[string]string{}, map[types.Object]string{start: "main"}
	for open := []types.Object{start}; len(open) > 0; open = open[1:] {
		for _, next := range p.mentions(open[0], function) {
			if ways[next] != "" {
				continue
			}
			ways[next] = ways[open[0]] + " → " + nameOf(next)
			operation, err := operationOf(next)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", ways[next], err)
			}
			if operation != "" && operations[operation] == "" {
				operations[operation] = ways[next]
			}
			open = append(open, next)
		}
	}
	return operations, nil
}

// mentions returns the objects that the body of an object mentions.
func (p *program) mentions(object types.Object, function contract.Function) []types.Object {
	body := p.bodies[object]
	if body == nil {
		return nil
	}
	var found []types.Object
	isFunction := func(e ast.Expr) bool { return types.TypeString(p.info.TypeOf(e), nil) == own+"contract.Function" }
	var visit func(node ast.Node) bool
	visit = func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SwitchStmt:
			if isFunction(node.Tag) {
				for _, each := range node.Body.List {
					if clause := each.(*ast.CaseClause); p.isFor(clause.List, function) {
						ast.Inspect(clause, visit)
					}
				}
				return false
			}
		case *ast.KeyValueExpr:
			return !isFunction(node.Key) || p.isFor([]ast.Expr{node.Key}, function)
		case *ast.Ident:
			switch used := p.info.Uses[node].(type) {
			case *types.Func:
				found = append(found, p.calledBy(used)...)
			case *types.Var:
				found = append(found, used)
			case *types.TypeName:
				found = append(found, p.calledFromAbroad(used.Type())...)
			}
		}
		return true
	}
	ast.Inspect(body, visit)
	return found
}

// isFor reports whether a case of a switch over the functions, or a key of a map, is for function.
func (p *program) isFor(expressions []ast.Expr, function contract.Function) bool {
	return slices.ContainsFunc(expressions, func(e ast.Expr) bool {
		value := p.info.Types[e].Value
		return value == nil || constant.StringVal(value) == string(function)
	})
}

// calledBy returns a function itself. For a method of an interface, it returns the methods of the types that have it.
func (p *program) calledBy(called *types.Func) []types.Object {
	called = called.Origin()
	found := []types.Object{called}
	receiver := called.Signature().Recv()
	if receiver == nil || called.Pkg() == nil || !types.IsInterface(receiver.Type()) || !strings.HasPrefix(called.Pkg().Path(), own) {
		return found
	}
	for _, each := range p.concrete {
		if !types.IsInterface(each) && types.Implements(types.NewPointer(each), receiver.Type().Underlying().(*types.Interface)) {
			found = append(found, methodOf(each, called.Name()))
		}
	}
	return found
}

// calledFromAbroad returns the methods of an own type that belong to foreign interfaces.
func (p *program) calledFromAbroad(t types.Type) []types.Object {
	named, _ := t.(*types.Named)
	if named == nil || named.Obj().Pkg() == nil || !strings.HasPrefix(named.Obj().Pkg().Path(), own) || types.IsInterface(named) || named.TypeParams().Len() > 0 {
		return nil
	}
	var found []types.Object
	for _, each := range p.foreign {
		if types.Implements(types.NewPointer(named), each) {
			for method := range each.Methods() {
				found = append(found, methodOf(named, method.Name()))
			}
		}
	}
	return found
}

func methodOf(named *types.Named, name string) types.Object {
	object, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, named.Obj().Pkg(), name)
	return object
}

func nameOf(object types.Object) string {
	function, ok := object.(*types.Func)
	if !ok {
		return object.Name()
	}
	return strings.NewReplacer(own, "", sdk, "").Replace(function.FullName())
}

// operationOf returns the operation of AWS that a function of the SDK calls, or "". It fails if the function may call operations that this
// test does not know.
func operationOf(object types.Object) (string, error) {
	function, ok := object.(*types.Func)
	if !ok || function.Pkg() == nil || !strings.HasPrefix(function.Pkg().Path(), sdk) {
		return "", nil
	}
	path, name := strings.TrimPrefix(function.Pkg().Path(), sdk), function.Name()
	service, isService := strings.CutPrefix(path, "service/")
	receiver := function.Signature().Recv()
	switch {
	case path == "credentials/stscreds" && name == "NewAssumeRoleProvider":
		return "sts.AssumeRole", nil
	case isService && receiver != nil && strings.HasSuffix(receiver.Type().String(), service+".Client") && function.Signature().Params().Len() == 3:
		return service + "." + name, nil
	case isService && strings.HasPrefix(name, "New") && strings.HasSuffix(name, "Paginator"):
		return service + "." + strings.TrimSuffix(strings.TrimPrefix(name, "New"), "Paginator"), nil
	case receiver != nil, !strings.HasPrefix(name, "New"), isService && (name == "NewFromConfig" || name == "New"):
		return "", nil
	case isService, path == "credentials/stscreds", strings.HasPrefix(path, "feature/s3"):
		return "", fmt.Errorf("this test does not know which operations %s calls: add it to operationOf", function.FullName())
	default:
		return "", nil
	}
}
