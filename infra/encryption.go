package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	sfn "github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// encryptMachine encrypts the definition, the inputs and the histories of a state machine with the environment's customer managed key, if it
// has one. The key also applies to the children of a Map.
//
// The role needs the key for every execution. Step Functions calls KMS with the role itself, so a condition kms:ViaService would stop the
// executions. The name of the state machine is not known before its role, so the condition names all of the account and region.
// https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
func encryptMachine(machine sfn.StateMachine, props *Props) {
	if props.CustomerManagedKey == "" {
		return
	}
	machine.Node().DefaultChild().(sfn.CfnStateMachine).SetEncryptionConfiguration(&sfn.CfnStateMachine_EncryptionConfigurationProperty{
		Type: jsii.String("CUSTOMER_MANAGED_KMS_KEY"), KmsKeyId: &props.CustomerManagedKey,
	})
	machine.AddToRolePolicy(ofMachineKey(placeOf(awscdk.Stack_Of(machine)), props).policyStatement())
}

// ofMachineKey returns what the role of a state machine does with the customer managed key. The explanation of failures also reads the
// encrypted data of the runs' state machine with it.
func ofMachineKey(at place, props *Props) grant {
	return allow(actions("kms:Decrypt", "kms:GenerateDataKey"), []string{props.CustomerManagedKey}).
		where(condition{"StringLike": {"kms:EncryptionContext:aws:states:stateMachineArn": {at.arn("states", "stateMachine:*")}}})
}

// encryptLogs encrypts a log group with the customer managed key. CloudWatch Logs calls KMS itself, so the function's role needs nothing.
func encryptLogs(group awslogs.CfnLogGroup, props *Props) {
	if props.CustomerManagedKey != "" {
		group.SetKmsKeyId(&props.CustomerManagedKey)
	}
}

// ofLogs returns the statement with which the key's policy lets CloudWatch Logs encrypt the log groups of the stack. Their names begin with
// the name of the stack.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
func ofLogs(stack awscdk.Stack) map[string]any {
	at := placeOf(stack)
	logs := allow(actions("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"), []string{"*"}).
		where(condition{"ArnLike": {"kms:EncryptionContext:aws:logs:arn": {at.arn("logs", "log-group:"+*stack.StackName()+"-*")}}}).statement()
	logs["Principal"] = map[string]any{"Service": "logs." + at.region + "." + *stack.UrlSuffix()}
	return logs
}
