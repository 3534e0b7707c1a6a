package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// packages are the folders whose types appear in output.
var packages = []string{"run", "diagnose", "evidence", "report", "hostlog"}

// source is what reflection cannot tell: comments, and the values of string types.
type source struct {
	types  map[string]string   // "run.Plan": first sentence of its comment
	fields map[string]string   // "run.Plan.Title": comment
	values map[string][]string // "run.Status": the constants of the type
}

// readSource parses the packages below root, the root of the module.
func readSource(root string) (*source, error) {
	s := &source{types: map[string]string{}, fields: map[string]string{}, values: map[string][]string{}}
	for _, pkg := range packages {
		files, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("package %s below %s: %w", pkg, root, fs.ErrNotExist)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				return nil, fmt.Errorf("reading types: %w", err)
			}
			for _, d := range file.Decls {
				if g, ok := d.(*ast.GenDecl); ok {
					s.declaration(path.Base(pkg), g)
				}
			}
		}
	}
	return s, nil
}

func (s *source) declaration(pkg string, g *ast.GenDecl) {
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			name := pkg + "." + spec.Name.Name
			s.types[name] = sentence(g.Doc, spec.Doc)
			if t, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range t.Fields.List {
					for _, n := range f.Names {
						s.fields[name+"."+n.Name] = sentence(f.Doc, f.Comment)
					}
				}
			}
		case *ast.ValueSpec:
			t, ok := spec.Type.(*ast.Ident)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						s.values[pkg+"."+t.Name] = append(s.values[pkg+"."+t.Name], text)
					}
				}
			}
		}
	}
}

// sentence is the text of the first comment that has one, on one line, up to
// its first full stop.
func sentence(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		text := strings.Join(strings.Fields(g.Text()), " ")
		if text == "" {
			continue
		}
		if i := strings.Index(text, ". "); i > 0 {
			text = text[:i]
		}
		return strings.TrimSuffix(text, ".")
	}
	return ""
}
