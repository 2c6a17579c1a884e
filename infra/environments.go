package main

// Environment is one deployment of the software: what its functions may read and where they write.
type Environment struct {
	Name string
	// Bucket and Prefix are the destination of a request that names none.
	Bucket string
	Prefix string
	// Tables are the names of the tables that may be replicated, of the account and region of the deployment.
	Tables []string
}

// environments are those that the app synthesizes. The values of dev are placeholders: nobody can own a bucket whose name
// begins with amzn-s3-demo-, so a deployment of them as they are writes to no stranger's bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var environments = []Environment{
	{Name: "dev", Bucket: "amzn-s3-demo-bucket", Prefix: "dynamodb", Tables: []string{"orders"}},
}
