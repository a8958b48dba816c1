// Calls the emulator with the vendor's Go client of OSS, unmodified: uploads in parts, downloads, lists, presigns, deletes.
// Arguments: port, signature (v1 or v4), a file. Prints the results as one line of JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
)

const key = "images/a b+c'(ü)*.raw"

func client(port, signature, secret string) *oss.Client {
	version := oss.SignatureVersionV4
	if signature == "v1" {
		version = oss.SignatureVersionV1
	}
	return oss.NewClient(oss.LoadDefaultConfig().
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider("emulator", secret)).
		WithRegion("cn-hangzhou").WithEndpoint("http://127.0.0.1:" + port).WithUsePathStyle(true).
		WithSignatureVersion(version).WithRetryMaxAttempts(1))
}

func codeOf(err error) string {
	var serviceError *oss.ServiceError
	if errors.As(err, &serviceError) {
		return serviceError.Code + " " + serviceError.EC
	}
	return fmt.Sprint(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	port, signature, file := os.Args[1], os.Args[2], os.Args[3]
	ctx := context.Background()
	c := client(port, signature, "emulator-secret")
	bucket := oss.Ptr("go-" + signature)
	data, err := os.ReadFile(file)
	check(err)
	result := map[string]any{}

	_, err = c.PutBucket(ctx, &oss.PutBucketRequest{Bucket: bucket})
	check(err)
	// The uploader compares its checksum with the checksum in the response.
	uploader := oss.NewUploader(c, func(o *oss.UploaderOptions) { o.PartSize, o.ParallelNum = 200*1024, 3 })
	_, err = uploader.UploadFile(ctx, &oss.PutObjectRequest{Bucket: bucket, Key: oss.Ptr(key)}, file)
	check(err)

	copy := filepath.Join(filepath.Dir(file), "go-"+signature+".copy")
	downloader := oss.NewDownloader(c, func(o *oss.DownloaderOptions) { o.PartSize, o.ParallelNum = 200*1024, 3 })
	_, err = downloader.DownloadFile(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr(key)}, copy)
	check(err)
	got, err := os.ReadFile(copy)
	check(err)
	result["sameBytes"] = bytes.Equal(got, data)

	exists, err := c.IsObjectExist(ctx, *bucket, key)
	check(err)
	missing, err := c.IsObjectExist(ctx, *bucket, "none")
	check(err)
	result["exists"] = []bool{exists, missing}

	listed := []string{}
	pages := c.NewListObjectsV2Paginator(&oss.ListObjectsV2Request{Bucket: bucket, MaxKeys: 1})
	for pages.HasNext() {
		page, err := pages.NextPage(ctx)
		check(err)
		for _, object := range page.Contents {
			listed = append(listed, *object.Key)
		}
	}
	result["listed"] = listed

	signed, err := c.Presign(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr(key)}, oss.PresignExpires(time.Minute))
	check(err)
	answer, err := http.Get(signed.URL)
	check(err)
	body, err := io.ReadAll(answer.Body)
	check(err)
	result["sameByUrl"] = bytes.Equal(body, data)

	_, err = c.HeadObject(ctx, &oss.HeadObjectRequest{Bucket: bucket, Key: oss.Ptr("none")})
	result["noKey"] = codeOf(err)
	_, err = client(port, signature, "wrong").PutObject(ctx, &oss.PutObjectRequest{
		Bucket: bucket, Key: oss.Ptr("x"), Body: bytes.NewReader(data)})
	result["wrongSecret"] = codeOf(err)
	_, err = c.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: bucket})
	result["notEmpty"] = codeOf(err)

	deleted, err := c.DeleteMultipleObjects(ctx, &oss.DeleteMultipleObjectsRequest{
		Bucket: bucket, Objects: []oss.DeleteObject{{Key: oss.Ptr(key)}}})
	check(err)
	result["deleted"] = *deleted.DeletedObjects[0].Key
	_, err = c.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: bucket})
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(result))
}
