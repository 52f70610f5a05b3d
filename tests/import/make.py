"""Writes the Parquet files of this folder: tiny files in the layouts of public data sets, as pyarrow writes them.

    pip install pyarrow && python make.py

Texts and values are made up; names and types of the columns are those of the data cards.
"""
import pyarrow as pa
import pyarrow.parquet as pq

FIELDS = ["symmetry", "object pairing", "main object", "richness", "background", "clarity", "color brightness",
          "color aesthetic", "lighting distinction", "lighting aesthetic", "detail realism", "detail refinement", "body",
          "face", "hands", "emotion", "safety", "unsafe type"]


def image_row(number, hands, prompt):
    ratings = dict.fromkeys(FIELDS, 0) | {"hands": hands, "body": 1}
    result = [1] * 59
    mask = [1] * 59
    if hands == -4:  # no hands: ids 52 to 55 are masked, id 3 is answered no
        mask[51:55] = [0] * 4
        result[2] = 0
        result[51:55] = [0] * 4
    result[3] = number % 2
    return {"image": {"bytes": bytes(range(256)), "path": f"{number}.png"}, "internal_id": f"img-{number}",
            "prompt": prompt, "url": "", "annotation": ratings, "meta_result": result, "meta_mask": mask}


rows = [image_row(1, -4, "a cat"), image_row(2, 1, "a cat"), image_row(3, 0, "a dog, \"quoted\"\nand broken")]
annotation = pa.struct([(name, pa.int64()) for name in FIELDS])
schema = pa.schema([("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("internal_id", pa.string()),
                    ("prompt", pa.string()), ("url", pa.string()), ("annotation", annotation),
                    ("meta_result", pa.list_(pa.int64())), ("meta_mask", pa.list_(pa.int64()))])
pq.write_table(pa.Table.from_pylist(rows, schema), "visionrewarddb-image.parquet")

picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
votes = ["leftvote", "rightvote", "tievote", "bothbad_vote"]
rows = [{"prompt": f"prompt {n}", "left_model": "m1", "left_image": {"bytes": b"\x00", "path": ""}, "right_model": "m2",
         "right_image": {"bytes": b"\x01", "path": ""}, "vote_type": vote} for n, vote in enumerate(votes)]
schema = pa.schema([("prompt", pa.string()), ("left_model", pa.string()), ("left_image", picture),
                    ("right_model", pa.string()), ("right_image", picture), ("vote_type", pa.string())])
pq.write_table(pa.Table.from_pylist(rows, schema), "genai-bench.parquet")

rows = [{"caption": "a house", "jpg_0": b"\x00", "jpg_1": b"\x01", "image_0_uid": f"u{n}", "image_1_uid": f"v{n}",
         "best_image_uid": best, "label_0": label, "label_1": 1 - label, "model_0": "sdxl", "model_1": "dreamlike",
         "user_id": n, "ranking_id": n, "has_label": label != 0.25, "are_different": True}
        for n, (label, best) in enumerate([(1.0, "u0"), (0.0, "v1"), (0.5, "tie"), (0.25, "")])]
pq.write_table(pa.Table.from_pylist(rows), "pickapic.parquet")
