package lazyregexp_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/lazyregexp"
)

func TestExpressionIsCompiledOnce(t *testing.T) {
	t.Parallel()
	expression := lazyregexp.New(`^a+$`)
	if first, again := expression(), expression(); first != again || !first.MatchString("aaa") || first.MatchString("ab") {
		t.Errorf("got %v and %v", first, again)
	}
}

// An invalid expression panics only where it is used, so this test compiles each one that the source has as a constant.
func TestExpressionsAreValid(t *testing.T) {
	t.Parallel()
	compiled := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "lazyregexp.New(") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, text, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, is := node.(*ast.CallExpr)
			if !is || types.ExprString(call.Fun) != "lazyregexp.New" {
				return true
			}
			value, err := types.Eval(files, nil, token.NoPos, types.ExprString(call.Args[0]))
			if err != nil { // it is made from a parameter
				return true
			}
			compiled++
			if _, err := regexp.Compile(constant.StringVal(value.Value)); err != nil {
				t.Errorf("%s: %v", files.Position(call.Pos()), err)
			}
			return true
		})
		return nil
	})
	if err != nil || compiled < 50 {
		t.Errorf("%d expressions were compiled: %v", compiled, err)
	}
}
