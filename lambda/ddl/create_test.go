package ddl_test

import (
	"testing"

	"dynamodb-to-s3/lambda/ddl"
	"dynamodb-to-s3/lambda/request"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	table := of(t, ddl.Content{Format: request.FormatJSON, Compression: request.CompressionGZIP, Schema: decided(t, `{"id":{"S":"a"},"Total":{"N":"1"},"it's":{"M":{"null":{"S":"x"}}}}`)})
	table.Database, table.Name = "lake", "orders_history"
	table.Storage.Location = "s3://b/AWSDynamoDB/r1/data/"
	table.Partitions = ddl.PartitionKeys(table.Columns, ddl.RunTime, ddl.RunID)
	want := "CREATE EXTERNAL TABLE IF NOT EXISTS `lake`.`orders_history` (\n" +
		"  `total` bigint COMMENT 'attribute Total',\n" +
		"  `id` string,\n" +
		"  `it's` struct<`null`:string>\n" +
		")\n" +
		"PARTITIONED BY (\n  `run_time` string,\n  `run_id` string\n)\n" +
		"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\n" +
		"WITH SERDEPROPERTIES (\n  'case.insensitive' = 'FALSE',\n  'mapping.total' = 'Total'\n)\n" +
		"STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'\n" +
		"OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n" +
		"LOCATION 's3://b/AWSDynamoDB/r1/data/'\n" +
		"TBLPROPERTIES (\n  'classification' = 'json'\n)\n"
	if got := table.Create(); got != want {
		t.Errorf("got %s", got)
	}
	add := "ALTER TABLE `lake`.`orders_history` ADD IF NOT EXISTS\nPARTITION (`run_time` = '2026-11-27 05:00:00.000', `run_id` = 'it\\'s')\nLOCATION 's3://b/x/'\n"
	if got := table.AddPartition([]string{"2026-11-27 05:00:00.000", "it's"}, "s3://b/x/"); got != add {
		t.Errorf("got %s", got)
	}
}
