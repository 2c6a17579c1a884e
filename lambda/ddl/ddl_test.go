package ddl_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"dynamodb-to-s3/lambda/ddbjson"
	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/request"
	"dynamodb-to-s3/lambda/schema"
)

// decided returns the schema of some items.
func decided(t *testing.T, items ...string) *schema.Schema {
	t.Helper()
	var tree schema.Tree
	for _, item := range items {
		if err := tree.Add([]byte(item)); err != nil {
			t.Fatal(err)
		}
	}
	s := schema.Decide(&tree, schema.Options{})
	return &s
}

func of(t *testing.T, c ddl.Content) ddl.Table {
	t.Helper()
	table, err := ddl.Of(c)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func described(columns []ddl.Column) string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name+" "+c.Type)
	}
	return strings.Join(out, "; ")
}

func parameters(of map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(of)) {
		out = append(out, key+"="+of[key])
	}
	return strings.Join(out, "; ")
}

func TestColumnsOfEachFormat(t *testing.T) {
	t.Parallel()
	const sensitive = "case.insensitive=FALSE"
	const ion = "ion.path_extractor.case_sensitive=false"
	for _, test := range []struct {
		name                 string
		format               request.Format
		items                []string
		rest                 string // an attribute with values that do not fit
		columns, serde, left string
	}{
		{
			"scalars in Parquet", request.FormatParquet,
			[]string{`{"id":{"S":"a"},"Total":{"N":"1"},"price":{"N":"1.5"},"photo":{"B":"AA=="},"ok":{"BOOL":true}}`},
			"price",
			"total bigint; id string; ok boolean; photo binary; price decimal(18,1); _rest string", "serialization.format=1", "",
		},
		{
			"a name that Hive cannot read in a type", request.FormatParquet,
			[]string{`{"m":{"M":{"First-Name":{"S":"x"},"Last":{"S":"x"}}},"n":{"M":{"a-b":{"S":"x"}}},"a-b":{"S":"x"}}`},
			"",
			"a-b string; m struct<last:string>; _rest string", "serialization.format=1", "m.First-Name n.a-b",
		},
		{
			"scalars in JSON", request.FormatJSON,
			[]string{`{"id":{"S":"a"},"Total":{"N":"1"},"price":{"N":"1.5"},"photo":{"B":"AA=="},"ok":{"BOOL":true},"mixed":{"L":[{"S":"x"},{"N":"1"}]}}`},
			"",
			"total bigint; id string; mixed string; ok boolean; photo string; price decimal(18,1)", sensitive + "; mapping.total=Total", "",
		},
		{
			"a JSON value of several types", request.FormatJSON,
			[]string{`{"a":{"M":{"B":{"N":"1"}}},"b":{"N":"1"}}`},
			"a",
			"a string; b bigint", sensitive, "",
		},
		{
			"names that differ in case in JSON", request.FormatJSON,
			[]string{`{"a":{"S":"x"}}`, `{"a":{"S":"x"},"A":{"N":"1"}}`},
			"",
			"a_2 bigint; a string", sensitive + "; mapping.a_2=A", "",
		},
		{
			"two structs with one name for two attributes in JSON", request.FormatJSON,
			[]string{`{"m":{"M":{"Sku":{"S":"x"}}},"n":{"M":{"sku":{"S":"x"}}},"o":{"M":{"Sku":{"S":"x"}}}}`},
			"",
			"m struct<sku:string>; n string; o struct<sku:string>", sensitive + "; mapping.sku=Sku", "",
		},
		{
			"a field with the name of a column in JSON", request.FormatJSON,
			[]string{`{"m":{"M":{"Sku":{"S":"x"}}},"sku":{"S":"x"}}`},
			"",
			"m string; sku string", sensitive, "",
		},
		{
			"a field that Hive cannot read in JSON", request.FormatJSON,
			[]string{`{"m":{"M":{"first-name":{"B":"AA=="}}}}`},
			"",
			"m struct<first_name:string>", sensitive + "; mapping.first_name=first-name", "",
		},
		{
			"two fields of a struct that become one name in JSON", request.FormatJSON,
			[]string{`{"m":{"M":{"a-b":{"S":"x"},"a+b":{"S":"x"}}}}`},
			"",
			"m string", sensitive, "",
		},
		{
			"a name that is too long for a mapping", request.FormatJSON,
			[]string{`{"a":{"S":"x"},"` + strings.Repeat("N", 250) + `":{"S":"x"}}`},
			"",
			"a string", sensitive, strings.Repeat("N", 250),
		},
		{
			"scalars in Ion", request.FormatION,
			[]string{`{"id":{"S":"a"},"Total":{"N":"1"},"price":{"N":"1.5"},"photo":{"B":"AA=="},"set":{"NS":["1"]},"mixed":{"L":[{"S":"x"},{"N":"1"}]},"tax":{"N":"0.19"}}`},
			"price",
			"total decimal(38,0); id string; photo binary; set array<decimal(38,0)>; tax decimal(38,2)",
			"ion.id.path_extractor=(Item 'id'); " + ion + "; ion.photo.path_extractor=(Item 'photo'); ion.set.path_extractor=(Item 'set'); ion.tax.path_extractor=(Item 'tax'); ion.total.path_extractor=(Item 'Total')", "mixed price",
		},
		{
			"fields of structs in Ion", request.FormatION,
			[]string{`{"m":{"M":{"Sku":{"S":"x"},"first name":{"S":"x"},"a":{"S":"x"},"A":{"S":"x"}}},"n":{"M":{"x":{"S":"x"},"X":{"S":"x"}}}}`},
			"",
			"m struct<sku:string>", "ion.m.path_extractor=(Item 'm'); " + ion, "m.A m.a m.first name n.X n.x",
		},
		{
			"names that differ in case in Ion", request.FormatION,
			[]string{`{"a":{"S":"x"},"Total":{"N":"1"},"total":{"N":"1"},"b":{"S":"x"}}`},
			"B",
			"a string", "ion.a.path_extractor=(Item 'a'); " + ion, "Total b total",
		},
		{
			"names in Ion", request.FormatION,
			[]string{`{"*":{"S":"x"},"it's":{"S":"x"},"a\\b":{"S":"x"}}`},
			"",
			`* string; a\b string; it's string`, `ion.*.path_extractor=(Item $ion_extractor_field::'*'); ion.a\b.path_extractor=(Item 'a\\b'); ion.it's.path_extractor=(Item 'it\'s'); ` + ion, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := ddl.Content{Format: test.format, Schema: decided(t, test.items...), Rest: map[string]int64{}}
			if test.rest != "" {
				c.Rest[test.rest] = 1
			}
			table := of(t, c)
			if got := described(table.Columns); got != test.columns {
				t.Errorf("columns: got %s", got)
			}
			if got := parameters(table.Storage.SerDeParameters); got != test.serde {
				t.Errorf("SerDe: got %s", got)
			}
			slices.Sort(table.Left)
			if got := strings.Join(table.Left, " "); got != test.left {
				t.Errorf("left: got %s", got)
			}
		})
	}
}

func TestDynamoDBJSON(t *testing.T) {
	t.Parallel()
	const value = "map<string,struct<s:string,n:string,b:string,bool:boolean,null:boolean,ss:array<string>,ns:array<string>,bs:array<string>,l:string,m:string>>"
	const tags = "mapping.b=B; mapping.bool=BOOL; mapping.bs=BS; "
	items := of(t, ddl.Content{Format: request.FormatDynamoDBJSON, Compression: request.CompressionGZIP})
	if got := described(items.Columns); got != "item "+value {
		t.Errorf("got %s", got)
	}
	if got, want := parameters(items.Storage.SerDeParameters), "case.insensitive=FALSE; "+tags+"mapping.item=Item; mapping.l=L; mapping.m=M; mapping.n=N; mapping.ns=NS; mapping.null=NULL; mapping.s=S; mapping.ss=SS"; got != want {
		t.Errorf("got %s", got)
	}
	if items.Storage.InputFormat != "org.apache.hadoop.mapred.TextInputFormat" || !items.Storage.Compressed {
		t.Errorf("got %+v", items.Storage)
	}
	changes := of(t, ddl.Content{Format: request.FormatDynamoDBJSON, Changes: true, Compression: request.CompressionNone})
	if got := described(changes.Columns); got != "metadata "+value+"; keys "+value+"; newimage "+value+"; oldimage "+value {
		t.Errorf("got %s", got)
	}
	if s := changes.Storage; s.InputFormat != "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat" || s.SerDeParameters["mapping.newimage"] != "NewImage" || s.Compressed {
		t.Errorf("got %+v", s)
	}
	if got := string(ddl.SymlinkFile([]string{"s3://b/1", "s3://b/2"})); got != "s3://b/1\ns3://b/2\n" {
		t.Errorf("got %q", got)
	}
}

func TestNoTable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		c    ddl.Content
		want string
	}{
		{"Ion without a schema", ddl.Content{Format: request.FormatION}, "the columns of ION data are not known"},
		{"nothing that Ion can hold", ddl.Content{Format: request.FormatION, Schema: decided(t, `{"a":{"L":[]}}`)}, "no attribute has a column"},
		{"another format", ddl.Content{Format: "CSV", Schema: new(schema.Schema)}, "no SerDe"},
	} {
		if _, err := ddl.Of(test.c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestComments(t *testing.T) {
	t.Parallel()
	s := &schema.Schema{Columns: []schema.Column{
		{Name: "a", Attribute: "a", Type: schema.Type{Name: schema.JSON, Kind: ddbjson.KindL}},
		{Name: "b", Attribute: "line\n'", Type: schema.Type{Name: schema.String, Kind: ddbjson.KindS}},
		{Name: "c", Attribute: strings.Repeat("é", 300), Type: schema.Type{Name: schema.String, Kind: ddbjson.KindS}},
	}}
	columns := of(t, ddl.Content{Format: request.FormatParquet, Schema: s}).Columns
	if columns[0].Comment != "JSON of L" || columns[1].Comment != "attribute line\uFFFD'" || len([]rune(columns[2].Comment)) != 255 {
		t.Errorf("got %+v", columns)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for dynamo, want := range map[string]string{"orders": "orders", "Orders.v2-EU": "orders_v2_eu", strings.Repeat("a", 255): strings.Repeat("a", 240)} {
		if got := ddl.TableName(dynamo); got != want || ddl.CheckName(got) != nil {
			t.Errorf("%s: got %s", dynamo, got)
		}
	}
	for _, name := range []string{"", "Orders", "a-b", "a.b", "a b", "`", "é", strings.Repeat("a", 241), "a\n"} {
		if ddl.CheckName(name) == nil {
			t.Errorf("%q is accepted", name)
		}
	}
	columns := []ddl.Column{{Name: "run_time"}, {Name: "_run_time"}, {Name: "a"}}
	if got := described(ddl.PartitionKeys(columns, ddl.RunTime, ddl.RunID)); got != "__run_time string; run_id string" {
		t.Errorf("got %s", got)
	}
}
