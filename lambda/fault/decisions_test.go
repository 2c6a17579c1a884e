package fault_test

// The decisions: for every code of an error, its HTTP status and the name under which it ends. The codes are those that the SDK's models list
// for the calls of the functions, and those that AWS documents for all calls.

// S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. A code that says something about the object or the condition
// is an answer, which bucket returns as such.
const decisionsS3 = `
	AccessDenied                        403 AccessDenied
	AccountProblem                      403 AccessDenied
	AllAccessDisabled                   403 AccessDenied
	InvalidPayer                        403 AccessDenied
	NotSignedUp                         403 AccessDenied
	OptInRequired                       403 AccessDenied
	UnauthorizedAccess                  403 AccessDenied

	AuthorizationHeaderMalformed        400 CredentialsInvalid
	ExpiredToken                        400 CredentialsInvalid
	InvalidAccessKeyId                  403 CredentialsInvalid
	InvalidSecurity                     403 CredentialsInvalid
	InvalidToken                        400 CredentialsInvalid
	MissingSecurityHeader               400 CredentialsInvalid
	RequestTimeTooSkewed                403 CredentialsInvalid
	SignatureDoesNotMatch               403 CredentialsInvalid
	TokenRefreshRequired                400 CredentialsInvalid
	XAdminUserNotFound                  404 CredentialsInvalid

	NoSuchBucket                        404 BucketNotFound
	InvalidBucketName                   400 BucketNotFound
	IllegalLocationConstraintException  400 BucketInOtherRegion
	IncorrectEndpoint                   400 BucketInOtherRegion
	PermanentRedirect                   301 BucketInOtherRegion
	Redirect                            307 BucketInOtherRegion
	TemporaryRedirect                   307 BucketInOtherRegion

	KMS.DisabledException               400 KMSKeyUnusable
	KMS.InvalidKeyUsageException        400 KMSKeyUnusable
	KMS.InvalidStateException           400 KMSKeyUnusable
	KMS.KMSInvalidStateException        400 KMSKeyUnusable
	KMS.NotFoundException               400 KMSKeyUnusable
	KMS.DependencyTimeoutException      500 Internal
	KMS.InternalException               500 Internal
	KMS.KMSInternalException            500 Internal
	KMS.ThrottlingException             503 Throttled

	BandwidthLimitExceeded              503 Throttled
	RequestLimitExceeded                503 Throttled
	ServiceUnavailable                  503 Throttled
	SlowDown                            503 Throttled

	NoSuchKey                           404 answer
	NotFound                            404 answer
	PreconditionFailed                  412 answer

	# A retry of the function uploads again, in a new upload.
	BadDigest                           400 Internal
	InvalidDigest                       400 Internal
	InvalidPart                         400 Internal
	InvalidPartOrder                    400 Internal
	NoSuchUpload                        404 Internal
	XAmzContentChecksumMismatch         400 Internal
	XAmzContentSHA256Mismatch           400 Internal
	# Another write at the same time. To a conditional write it is an answer.
	ConditionalRequestConflict          409 Internal
	OperationAborted                    409 Internal
	# S3's own fault, or a fault of the connection.
	IncompleteBody                      400 Internal
	InternalError                       500 Internal
	RequestTimeout                      400 Internal
	# Nothing that a request to these functions can cause. The cause has S3's words.
	EncryptionTypeMismatch              400 Internal
	EntityTooLarge                      400 Internal
	EntityTooSmall                      400 Internal
	InvalidArgument                     400 Internal
	InvalidEncryptionAlgorithmError     400 Internal
	InvalidObjectState                  403 Internal
	InvalidRange                        416 Internal
	InvalidRequest                      400 Internal
	InvalidStorageClass                 400 Internal
	InvalidURI                          400 Internal
	InvalidWriteOffset                  400 Internal
	KeyTooLongError                     400 Internal
	MalformedXML                        400 Internal
	MethodNotAllowed                    405 Internal
	MissingContentLength                411 Internal
	NotImplemented                      501 Internal
	TooManyParts                        400 Internal
	UnexpectedContent                   400 Internal`

// DynamoDB: the name for Scan, for DescribeTable, and for the start of an export. The SDK's model lists the codes of the whole service.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
const decisionsDynamoDB = `
	AccessDeniedException                   400 AccessDenied       AccessDenied       AccessDenied
	NotAuthorized                           400 AccessDenied       AccessDenied       AccessDenied
	OptInRequired                           403 AccessDenied       AccessDenied       AccessDenied
	ExpiredTokenException                   400 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	IncompleteSignature                     403 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	IncompleteSignatureException            400 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	InvalidClientTokenId                    403 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	InvalidSignatureException               400 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	MissingAuthenticationToken              403 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	MissingAuthenticationTokenException     400 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	RequestExpired                          400 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	UnrecognizedClientException             400 CredentialsInvalid CredentialsInvalid CredentialsInvalid
	KMSAccessDeniedException                400 KMSKeyUnusable     KMSKeyUnusable     KMSKeyUnusable
	KMSDisabledException                    400 KMSKeyUnusable     KMSKeyUnusable     KMSKeyUnusable
	KMSInternalException                    500 Internal           Internal           Internal
	KMSInvalidStateException                400 KMSKeyUnusable     KMSKeyUnusable     KMSKeyUnusable
	KMSNotFoundException                    400 KMSKeyUnusable     KMSKeyUnusable     KMSKeyUnusable
	KMSThrottlingException                  400 Throttled          Throttled          Throttled
	ProvisionedThroughputExceededException  400 Throttled          Throttled          Throttled
	RequestLimitExceeded                    400 Throttled          Throttled          Throttled
	ThrottlingException                     400 Throttled          Throttled          Throttled
	LimitExceededException                  400 Throttled          Throttled          ExportLimitReached
	ResourceNotFoundException               400 TableNotFound      TableNotFound      TableNotFound
	TableNotFoundException                  400 TableNotFound      TableNotFound      TableNotFound
	ValidationException                     400 ScanRefused        Internal           ExportRefused
	ContinuousBackupsUnavailableException   400 Internal           Internal           TableNotReady
	PointInTimeRecoveryUnavailableException 400 Internal           Internal           PointInTimeRecoveryOff
	InvalidExportTimeException              400 Internal           Internal           ExportTimeOutsideRecovery
	ExportConflictException                 400 Internal           Internal           ExportConflict
	ExportNotFoundException                 400 Internal           Internal           ExportRefused

	# DynamoDB's own fault.
	InternalFailure                         500 Internal           Internal           Internal
	InternalServerError                     500 Internal           Internal           Internal
	ServiceUnavailable                      503 Internal           Internal           Internal
	# A request that the SDK did not build correctly.
	InvalidAction                           400 Internal           Internal           Internal
	InvalidEndpointException                421 Internal           Internal           Internal
	MalformedQueryString                    404 Internal           Internal           Internal
	SerializationException                  400 Internal           Internal           Internal
	UnknownOperationException               400 Internal           Internal           Internal
	# Of calls that the functions do not make.
	BackupInUseException                    400 Internal           Internal           Internal
	BackupNotFoundException                 400 Internal           Internal           Internal
	ConditionalCheckFailedException         400 Internal           Internal           Internal
	DuplicateItemException                  400 Internal           Internal           Internal
	GlobalTableAlreadyExistsException       400 Internal           Internal           Internal
	GlobalTableNotFoundException            400 Internal           Internal           Internal
	IdempotentParameterMismatchException    400 Internal           Internal           Internal
	ImportConflictException                 400 Internal           Internal           Internal
	ImportNotFoundException                 400 Internal           Internal           Internal
	IndexNotFoundException                  400 Internal           Internal           Internal
	InvalidRestoreTimeException             400 Internal           Internal           Internal
	ItemCollectionSizeLimitExceededException 400 Internal          Internal           Internal
	PolicyNotFoundException                 400 Internal           Internal           Internal
	ReplicaAlreadyExistsException           400 Internal           Internal           Internal
	ReplicaNotFoundException                400 Internal           Internal           Internal
	ReplicatedWriteConflictException        400 Internal           Internal           Internal
	ResourceInUseException                  400 Internal           Internal           Internal
	TableAlreadyExistsException             400 Internal           Internal           Internal
	TableInUseException                     400 Internal           Internal           Internal
	TransactionCanceledException            400 Internal           Internal           Internal
	TransactionConflictException            400 Internal           Internal           Internal
	TransactionInProgressException          400 Throttled          Throttled          Throttled`

// STS, for AssumeRole. https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
const decisionsSTS = `
	AccessDenied                403 AccessDenied
	InvalidAction               400 AccessDenied
	MalformedPolicyDocument     400 AccessDenied
	NotAuthorized               400 AccessDenied
	OptInRequired               403 AccessDenied
	PackedPolicyTooLarge        400 AccessDenied
	RegionDisabledException     403 AccessDenied
	ValidationError             400 AccessDenied
	ExpiredToken                403 CredentialsInvalid
	ExpiredTokenException       400 CredentialsInvalid
	IncompleteSignature         400 CredentialsInvalid
	InvalidClientTokenId        403 CredentialsInvalid
	MissingAuthenticationToken  403 CredentialsInvalid
	RequestExpired              400 CredentialsInvalid
	SignatureDoesNotMatch       403 CredentialsInvalid
	Throttling                  400 Throttled
	ThrottlingException         400 Throttled
	InternalFailure             500 Internal
	ServiceUnavailable          503 Internal`

// Step Functions, for DescribeExecution. https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
const decisionsStepFunctions = `
	ExecutionDoesNotExist       400 answer
	InvalidArn                  400 answer
	AccessDeniedException       400 AccessDenied
	NotAuthorized               400 AccessDenied
	OptInRequired               403 AccessDenied
	ExpiredTokenException       400 CredentialsInvalid
	IncompleteSignature         400 CredentialsInvalid
	InvalidClientTokenId        403 CredentialsInvalid
	MissingAuthenticationToken  403 CredentialsInvalid
	RequestExpired              400 CredentialsInvalid
	UnrecognizedClientException 400 CredentialsInvalid
	KmsAccessDeniedException    400 KMSKeyUnusable
	KmsInvalidStateException    400 KMSKeyUnusable
	KmsThrottlingException      400 Throttled
	ThrottlingException         400 Throttled
	InternalFailure             500 Internal
	ServiceUnavailable          503 Internal
	ValidationError             400 Internal
	ValidationException         400 Internal`

// Glue, after the commit of a run. The SDK's model lists the codes of the whole service.
// https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html
const decisionsGlue = `
	AccessDeniedException                           400 CatalogFailed
	NotAuthorized                                   400 CatalogFailed
	OptInRequired                                   403 CatalogFailed
	EntityNotFoundException                         400 CatalogFailed
	InvalidInputException                           400 CatalogFailed
	ValidationException                             400 CatalogFailed
	ResourceNumberLimitExceededException            400 CatalogFailed
	OperationNotSupportedException                  400 CatalogFailed
	PermissionTypeMismatchException                 400 CatalogFailed
	FederatedResourceAlreadyExistsException         400 CatalogFailed
	FederationSourceException                       400 CatalogFailed
	ResourceNotFoundException                       400 CatalogFailed
	TargetResourceNotFound                          400 CatalogFailed
	# An answer to CreateTable and to CreatePartition, which catalog handles.
	AlreadyExistsException                          400 CatalogFailed
	ExpiredTokenException                           400 CredentialsInvalid
	IncompleteSignature                             400 CredentialsInvalid
	InvalidClientTokenId                            403 CredentialsInvalid
	MissingAuthenticationToken                      403 CredentialsInvalid
	RequestExpired                                  400 CredentialsInvalid
	UnrecognizedClientException                     400 CredentialsInvalid
	GlueEncryptionException                         400 KMSKeyUnusable
	KMSKeyNotAccessibleFault                        400 KMSKeyUnusable
	ThrottlingException                             400 Throttled
	# Glue's own fault, or one that ends. ConcurrentModificationException is an answer to UpdateTable.
	ConcurrentModificationException                 400 Internal
	FederationSourceRetryableException              400 Internal
	InternalFailure                                 500 Internal
	InternalServerException                         500 Internal
	InternalServiceException                        500 Internal
	OperationTimeoutException                       400 Internal
	ResourceNotReadyException                       400 Internal
	ServiceUnavailable                              503 Internal
	# Of calls that the functions do not make.
	ColumnStatisticsTaskNotRunningException         400 Internal
	ColumnStatisticsTaskRunningException            400 Internal
	ColumnStatisticsTaskStoppingException           400 Internal
	ConcurrentRunsExceededException                 400 Internal
	ConditionCheckFailureException                  400 Internal
	ConflictException                               400 Internal
	CrawlerNotRunningException                      400 Internal
	CrawlerRunningException                         400 Internal
	CrawlerStoppingException                        400 Internal
	IdempotentParameterMismatchException            400 Internal
	IllegalBlueprintStateException                  400 Internal
	IllegalSessionStateException                    400 Internal
	IllegalWorkflowStateException                   400 Internal
	IntegrationConflictOperationFault               400 Internal
	IntegrationNotFoundFault                        400 Internal
	IntegrationQuotaExceededFault                   400 Internal
	InvalidIntegrationStateFault                    400 Internal
	InvalidStateException                           400 Internal
	MLTransformNotReadyException                    400 Internal
	MaterializedViewRefreshTaskNotRunningException  400 Internal
	MaterializedViewRefreshTaskRunningException     400 Internal
	MaterializedViewRefreshTaskStoppingException    400 Internal
	NoScheduleException                             400 Internal
	SchedulerNotRunningException                    400 Internal
	SchedulerRunningException                       400 Internal
	SchedulerTransitioningException                 400 Internal
	SessionBusyException                            400 Internal
	VersionMismatchException                        400 Internal`
