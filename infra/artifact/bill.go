package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"runtime/debug"
	"strings"

	"dynamodb-to-s3/lambda/version"

	"github.com/CycloneDX/cyclonedx-go"
)

// billOf returns the bill of materials of a program in the format CycloneDX. It lists the standard library and the modules that Go recorded
// in the program. It has no time and no serial number, so the same program has the same bill.
// https://cyclonedx.org/docs/1.6/json/
func billOf(program []byte) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(program)
	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: artifactName, Type: cyclonedx.ComponentTypeApplication, Group: info.Main.Path, Name: artifactName, Version: version.Number,
		Hashes:     &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(digest[:])}},
		Properties: settings(info),
	}}
	components := []cyclonedx.Component{component("std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range info.Deps { // sorted by path
		if module.Replace != nil {
			module = module.Replace
		}
		components = append(components, component(module.Path, module.Version))
	}
	bill.Components = &components
	refs := make([]string, len(components))
	for i := range components {
		refs[i] = components[i].BOMRef
	}
	bill.Dependencies = &[]cyclonedx.Dependency{{Ref: artifactName, Dependencies: &refs}}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bill, cyclonedx.SpecVersion1_6); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// component returns a module with its package URL, which vulnerability scanners look up.
// https://github.com/package-url/purl-spec/blob/main/types-doc/golang-definition.md
func component(path, version string) cyclonedx.Component {
	url := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cyclonedx.Component{
		BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: url, Scope: cyclonedx.ScopeRequired,
	}
}

// settings returns the settings of the build.
func settings(info *debug.BuildInfo) *[]cyclonedx.Property {
	var properties []cyclonedx.Property
	for _, setting := range info.Settings {
		properties = append(properties, cyclonedx.Property{Name: "build:" + setting.Key, Value: setting.Value})
	}
	return &properties
}
